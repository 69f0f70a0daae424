"""`bifrost instruments` and `bifrost universe` on a running desk, and what a typo is told."""

import json

from tests.live_desk import LiveDesk


def test_what_is_listed_is_listed_with_and_without_the_word(desk: LiveDesk) -> None:
    plain = desk.command_json("instruments")
    said = desk.command_json("instruments", "list")

    assert plain == said
    assert {"AAPL", "IBM"} <= {item["symbol"] for item in plain["items"]}


def test_one_is_shown_as_it_was_on_a_day_and_in_that_day_s_universe(desk: LiveDesk) -> None:
    shown = desk.command_json("instruments", "show", "AAPL", "--as-of", "2012-05-21")
    there = desk.command_json("universe", "--as-of", "2012-05-21")

    assert (shown["instrument"], shown["symbol"], shown["as_of"]) == ("AAPL", "AAPL", "2012-05-21")
    assert "AAPL" in {item["instrument"] for item in there["items"]}


def test_before_the_desk_knew_it_nobody_had_the_symbol(desk: LiveDesk) -> None:
    arguments = ("instruments", "show", "AAPL", "--known-by", "2001-01-02T00:00:00Z", "--json")

    done = desk.command(*arguments, code=2)

    told = json.loads(done.stdout.splitlines()[-1])
    assert "nobody had the symbol AAPL, as known by" in told["error"]["detail"]
