"""A vendor is asked by the symbol of the day, and never for bars that are somebody else's."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.sessions import EXCHANGE
from bifrost.data.reference.calling import Calling
from bifrost.data.reference.map_files import map_terms, read_map_file
from bifrost.data.reference.terms import NO_END, UNKNOWN_START, Terms

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def mapped(key: str, text: str) -> list[Terms]:
    """The terms of a map file."""
    return map_terms(key, read_map_file(text.encode()), AT)


META = mapped("META", "20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n")
FB_1 = mapped("FB.1", "19980102,fb\n20030328,fb\n")
TERMS = (*META, *FB_1)


def calling(provider: str, instrument: str, terms: tuple[Terms, ...] = TERMS) -> Calling:
    """How it is asked for."""
    return Calling(provider, instrument, "", terms, TODAY)


def asked(of: Calling, first: str, last: str) -> list[tuple[str, str, str]]:
    """Each part of the days: the symbol (or nothing), its first day and its last."""
    parts = of.parts(date.fromisoformat(first), date.fromisoformat(last))
    return [(one.symbol, str(begins), str(ends)) for one, begins, ends in parts]


def test_a_rename_parts_the_days_where_the_symbol_changed() -> None:
    assert asked(calling("alpaca", "META"), "2022-06-01", "2022-06-15") == [
        ("FB", "2022-06-01", "2022-06-08"),
        ("META", "2022-06-09", "2022-06-15"),
    ]


def test_a_listing_before_is_asked_for_by_the_symbol_that_it_had() -> None:
    assert asked(calling("massive", "FB.1"), "2003-03-20", "2003-03-28") == [
        ("FB", "2003-03-20", "2003-03-28")
    ]


def test_after_its_end_nobody_is_asked_and_it_is_said() -> None:
    of = calling("alpaca", "FB.1")

    assert asked(of, "2003-03-27", "2012-12-31") == [
        ("FB", "2003-03-27", "2003-03-28"),
        ("", "2003-03-29", "2012-12-31"),
    ]
    begins = datetime(2003, 3, 27, tzinfo=EXCHANGE)
    (why,) = of.not_asked(begins, datetime(2013, 1, 1, tzinfo=EXCHANGE))
    assert why == "FB.1 is not listed from 2003-03-29 on"


def test_for_some_days_past_its_end_it_is_asked_for_where_what_ended_it_may_take_effect() -> None:
    of = replace(calling("alpaca", "FB.1"), past_end=timedelta(days=10))

    assert asked(of, "2003-03-27", "2012-12-31") == [
        ("FB", "2003-03-27", "2003-04-07"),
        ("", "2003-04-08", "2012-12-31"),
    ]
    assert asked(of, "2003-03-29", "2003-03-31") == [("FB", "2003-03-29", "2003-03-31")]


def test_past_its_end_it_is_asked_for_until_another_has_its_symbol() -> None:
    next_ = mapped("FB", "20030402,fb\n20501231,fb\n")
    of = replace(calling("alpaca", "FB.1", (*FB_1, *next_)), past_end=timedelta(days=10))

    assert asked(of, "2003-03-27", "2003-04-30") == [
        ("FB", "2003-03-27", "2003-04-01"),
        ("", "2003-04-02", "2003-04-30"),
    ]


def test_a_change_of_name_is_no_end() -> None:
    of = replace(calling("alpaca", "META"), past_end=timedelta(days=10))

    assert asked(of, "2022-06-01", "2022-06-15") == [
        ("FB", "2022-06-01", "2022-06-08"),
        ("META", "2022-06-09", "2022-06-15"),
    ]


def test_before_its_first_term_nobody_is_asked_where_its_symbol_was_another_s() -> None:
    of = calling("alpaca", "META")

    assert asked(of, "1997-06-01", "2012-05-20") == [
        ("", "1997-06-01", "2012-05-17"),
        ("FB", "2012-05-18", "2012-05-20"),
    ]
    begins = datetime(2000, 1, 3, tzinfo=EXCHANGE)
    (why,) = of.not_asked(begins, datetime(2000, 1, 4, tzinfo=EXCHANGE))
    assert why == "FB was FB.1 before it was META, from 2012-05-18 on"


def test_before_its_first_term_it_is_asked_for_by_its_first_symbol_where_nobody_had_it() -> None:
    of = calling("alpaca", "META", tuple(META))

    assert asked(of, "2012-05-01", "2012-05-20") == [
        ("FB", "2012-05-01", "2012-05-17"),
        ("FB", "2012-05-18", "2012-05-20"),
    ]


def test_a_vendor_of_today_s_symbols_is_asked_by_today_s_for_all_days() -> None:
    of = calling("yahoo", "META")

    assert asked(of, "2012-05-18", "2024-06-28") == [("META", "2012-05-18", "2024-06-28")]


def test_a_vendor_of_today_s_symbols_cannot_be_asked_for_what_is_gone() -> None:
    (part,) = calling("yahoo", "FB.1").parts(date(2003, 3, 20), date(2003, 3, 28))

    called, _, _ = part
    assert (called.symbol, called.is_gone) == ("", True)
    assert "by the symbols of today, and FB.1 has none: it was FB" in called.why


def test_an_instrument_of_which_nobody_told_terms_is_called_by_its_key() -> None:
    assert asked(calling("yahoo", "ACME", ()), "2024-01-02", "2024-01-03") == [
        ("ACME", "2024-01-02", "2024-01-03")
    ]


def test_a_symbol_that_was_given_holds_for_all_days() -> None:
    of = Calling("yahoo", "BRK.B", "BRK-B", TERMS, TODAY)

    assert asked(of, "2020-01-02", "2024-01-03") == [("BRK-B", "2020-01-02", "2024-01-03")]


DAYS = st.dates(date(1995, 1, 1), date(2030, 1, 1))


@given(DAYS, DAYS, st.sampled_from(["META", "FB.1"]), st.sampled_from(["alpaca", "yahoo"]))
def test_parts_follow_each_other_without_a_gap_and_to_the_end(
    one: date, other: date, instrument: str, provider: str
) -> None:
    first, last = min(one, other), max(one, other)

    parts = calling(provider, instrument).parts(first, last)

    assert (parts[0][1], parts[-1][2]) == (first, last)
    for (_, _, ends), (_, begins, _) in pairwise(parts):
        assert (begins - ends).days == 1
    assert UNKNOWN_START < first <= last < NO_END


@given(st.integers(0, 30 * 24 * 60 - 1))
def test_each_minute_is_asked_for_by_the_symbol_of_its_day_in_new_york(minute: int) -> None:
    """Slices of minutes end at a month's end in UTC, which is an evening in New York."""
    first = datetime(2022, 6, 1, tzinfo=UTC) + timedelta(minutes=minute)
    renamed = mapped("NEW", "20120518,old,Q\n20220629,old,Q\n20501231,new,Q\n")
    changes, before = datetime(2022, 6, 30, tzinfo=EXCHANGE), datetime(2022, 7, 1, tzinfo=UTC)

    part = calling("alpaca", "NEW", tuple(renamed)).of(first, before)

    expected = ("OLD", changes) if first < changes else ("NEW", before)
    assert (part.symbol, part.before) == expected


def test_the_first_day_of_a_listing_is_asked_for_where_it_ends_a_slice() -> None:
    new = mapped("FB", "20220630,fb\n20501231,fb\n")
    of = calling("alpaca", "FB", (*FB_1, *new))

    part = of.of(datetime(2022, 6, 1, tzinfo=UTC), datetime(2022, 7, 1, tzinfo=UTC))

    assert (part.symbol, part.before) == ("", datetime.combine(date(2022, 6, 30), time(), EXCHANGE))
