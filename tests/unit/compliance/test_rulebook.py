"""The rule book judges an order by the rules it is given, and fails closed without any."""

from datetime import date, datetime, timedelta

import pytest

from bifrost.compliance.rulebook import Circumstances, Rule, check, effective_date
from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Reason
from bifrost.core.errors import UnavailableError
from tests.builders import buy

RESTRICTED_LIST = Rule("restricted_list", 1, date(1900, 1, 1), None, "test", "default")
ORDER = buy("1", instrument="GOOG")


def test_an_order_that_no_entry_hits_is_accepted() -> None:
    assert check(ORDER, [RESTRICTED_LIST], Circumstances(())).accepted


def test_a_restricted_instrument_is_refused_once_however_many_entries_hit_it() -> None:
    decision = check(ORDER, [RESTRICTED_LIST], Circumstances((1, 2)))

    assert decision.reasons == (Reason("restricted_list", subject="GOOG"),)


def test_without_a_rule_in_force_no_order_passes() -> None:
    with pytest.raises(UnavailableError, match="empty on 2012-01-03"):
        check(ORDER, [], Circumstances(()))


def test_a_rule_that_the_code_does_not_know_lets_nothing_pass() -> None:
    unknown = Rule("moon_phase", 1, date(1900, 1, 1), None, "test", "default")

    with pytest.raises(KeyError, match="moon_phase"):
        check(ORDER, [RESTRICTED_LIST, unknown], Circumstances(()))


def test_an_order_is_judged_by_the_rules_of_its_sessions_date() -> None:
    assert effective_date(ORDER) == date(2012, 1, 3)


@pytest.mark.parametrize("late", ["2026-01-05T19:30-05:00", "2026-07-06T20:30-04:00"])
def test_the_rules_of_tomorrow_do_not_begin_in_the_evening(late: str) -> None:
    at = datetime.fromisoformat(late)

    assert effective_date(buy("1", occurred_at=at)) == at.date()
    assert effective_date(buy("1", occurred_at=at + timedelta(hours=5))) == at.date() + timedelta(1)


def test_a_rule_survives_the_log() -> None:
    assert from_json(Rule, to_json(RESTRICTED_LIST)) == RESTRICTED_LIST
