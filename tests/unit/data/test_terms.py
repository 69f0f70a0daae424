"""Map files become dated terms; a symbol has one instrument a day, whoever tells what when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.errors import InvalidInputError
from bifrost.core.instruments import Instrument
from bifrost.core.sessions import exchange_date
from bifrost.data.reference.holders import parted
from bifrost.data.reference.map_files import instrument_of, map_terms, read_map_file
from bifrost.data.reference.revising import Revision, histories_told, listings_told
from bifrost.data.reference.service import LEAN_DEFAULTS
from bifrost.data.reference.terms import (
    NO_END,
    UNKNOWN_START,
    ListingStatus,
    Terms,
    held_by,
    resolve,
    terms_on,
)
from tests.reference_files import MAP_FILES
from tests.shared_data import shared_data

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def told(name: str) -> list[Terms]:
    """The terms of a map file."""
    return map_terms(instrument_of(name), read_map_file(MAP_FILES[name]), AT)


ALL = [terms for name in MAP_FILES for terms in told(name)]


def spells(name: str) -> list[tuple[str, str, str, str | None]]:
    """Each row of a map file's instrument in words."""
    return [(one.symbol, str(one.valid_from), str(one.valid_to), one.mic) for one in told(name)]


def test_each_row_ends_a_symbol_and_the_next_begins_a_day_later() -> None:
    assert spells("goog.csv") == [
        ("GOOCV", "2014-03-27", "2014-04-03", "XNAS"),
        ("GOOG", "2014-04-03", str(NO_END), "XNAS"),
    ]
    assert spells("googl.csv") == [
        ("GOOG", "2004-08-19", "2014-04-03", "XNAS"),
        ("GOOGL", "2014-04-03", str(NO_END), "XNAS"),
    ]


def test_a_map_file_that_ends_is_a_delisting_and_frees_the_symbol() -> None:
    listed, gone = told("fb.1.csv")

    assert (listed.instrument, listed.mic, listed.valid_to) == ("FB.1", None, date(2003, 3, 29))
    assert (gone.status, gone.valid_from, gone.valid_to) == (
        ListingStatus.DELISTED,
        date(2003, 3, 29),
        NO_END,
    )
    assert resolve(ALL, "FB", date(2003, 3, 28)) == "FB.1"
    assert resolve(ALL, "FB", date(2003, 3, 29)) is None
    assert [one.instrument for one in held_by(ALL, "FB")] == ["FB.1", "FB"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"20200102", "line 1, column 2"),
        (b"20200102,fb\n2020,fb", "line 2, column 1"),
        (b"20200102,fb\n20200103,fb\n20200103,meta", "2020-01-03 ends two symbols"),
    ],
)
def test_a_broken_map_file_is_named(content: bytes, where: str) -> None:
    with pytest.raises(InvalidInputError, match=where):
        read_map_file(content)


def test_a_map_file_is_named_after_its_instrument() -> None:
    assert instrument_of("map_files/brk.b.csv") == "BRK.B"
    with pytest.raises(InvalidInputError, match="names no instrument"):
        instrument_of("../etc/passwd.csv.gz")


def test_a_symbol_s_file_is_parted_by_who_had_the_symbol() -> None:
    days = [date(1998, 1, 2), date(2003, 3, 28), date(2012, 5, 18), date(2012, 5, 21)]

    parts = parted("FB", days, ALL)

    assert [(part.instrument, days[part.places]) for part in parts] == [
        (None, days[:1]),
        ("FB.1", days[1:2]),
        ("FB", days[2:]),
    ]
    assert parted("FB", [], ALL) == []
    with pytest.raises(ValueError, match="not in order"):
        parted("FB", days[::-1], ALL)


@given(st.lists(st.dates(date(1990, 1, 1), date(2030, 1, 1))).map(sorted))
def test_every_row_has_the_instrument_that_had_the_symbol_that_day(days: list[date]) -> None:
    parts = parted("GOOG", days, ALL)

    owners = [part.instrument for part in parts for _ in days[part.places]]
    assert owners == [resolve(ALL, "GOOG", day) for day in days]


NAMES = st.sampled_from(["A", "B", "A.1"])
DAYS = st.dates(date(2026, 11, 18), date(2026, 11, 26))


@st.composite
def histories(draw: st.DrawFn) -> list[Terms]:
    """The whole past of one instrument, under one symbol after the other."""
    key = draw(NAMES)
    days = sorted(draw(st.sets(DAYS, min_size=2, max_size=4)))
    ends = [*days[1:], NO_END] if draw(st.booleans()) else days[1:]
    rows = []
    for first, end in zip(days, ends, strict=False):
        symbol = draw(st.sampled_from(["A", "B"]))
        gone = draw(st.booleans()) and end == ends[-1]
        status = ListingStatus.DELISTED if gone else ListingStatus.LISTED
        rows.append(
            Terms(
                instrument=key,
                valid_from=first,
                valid_to=end,
                symbol=symbol,
                status=status,
                source="lean",
                recorded_at=AT,
            )
        )
    return rows


LISTINGS = st.lists(
    st.builds(
        Instrument,
        symbol=NAMES,
        mic=st.sampled_from(["XNYS", "XNAS"]),
        currency=st.just("USD"),
        tick_size=st.sampled_from([Decimal("0.01"), Decimal("0.05")]),
        lot_size=st.just(Decimal(1)),
        name=st.just("Name"),
    ),
    min_size=1,
    max_size=3,
)


def taken(standing: list[Terms], revision: Revision) -> list[Terms]:
    """What stands after a revision."""
    assert set(revision.superseded) <= set(standing)
    return [*(one for one in standing if one not in revision.superseded), *revision.added]


def revise(standing: list[Terms], news: list[Terms] | list[Instrument], at: datetime) -> Revision:
    """Tell what is next; nothing of it where it is refused."""
    try:
        if isinstance(news[0], Terms):
            rows = [one for one in news if isinstance(one, Terms)]
            return histories_told(standing, rows, LEAN_DEFAULTS, at)
        return listings_told(standing, [one for one in news if isinstance(one, Instrument)], at)
    except InvalidInputError:
        return Revision((), ())


@given(st.lists(histories() | LISTINGS, max_size=8))
def test_no_two_terms_hold_on_one_day_whatever_is_told(
    news: list[list[Terms] | list[Instrument]],
) -> None:
    standing: list[Terms] = []
    for number, one in enumerate(news):
        at = AT + timedelta(days=number)
        standing = taken(standing, revise(standing, one, at))
        again = revise(standing, one, at)

        assert again == Revision((), ()), "what is told twice changes nothing"

    for row in standing:
        for other in standing:
            if row is not other and row.overlaps(other):
                assert row.instrument != other.instrument
                assert row.symbol != other.symbol or not (row.is_listed and other.is_listed)


@given(st.lists(histories() | LISTINGS, max_size=6), st.sampled_from(["A", "B"]), DAYS)
def test_a_symbol_has_at_most_one_instrument_on_any_day(
    news: list[list[Terms] | list[Instrument]], symbol: str, day: date
) -> None:
    standing: list[Terms] = []
    for one in news:
        standing = taken(standing, revise(standing, one, AT))

    holders = {
        row.instrument
        for row in standing
        if row.symbol == symbol and row.is_listed and row.holds(day)
    }
    assert len(holders) <= 1
    assert resolve(standing, symbol, day) == next(iter(holders), None)


def test_a_history_keeps_what_a_listing_told_and_leaves_out_when_it_was_not() -> None:
    listed = Instrument("GOOGL", "XNAS", "USD", Decimal("0.05"), Decimal(1), "Alphabet")
    standing = list(listings_told([], [listed], AT).added)

    after = taken(standing, histories_told(standing, told("googl.csv"), LEAN_DEFAULTS, AT))

    assert {(one.tick_size, one.name) for one in after} == {(Decimal("0.05"), "Alphabet")}
    assert standing[0].valid_from == UNKNOWN_START
    assert terms_on(after, "GOOGL", date(2004, 8, 18)) is None


def test_terms_that_change_twice_on_one_day_are_the_last_ones() -> None:
    one = Instrument("IBM", "XNYS", "USD", Decimal("0.01"), Decimal(1), "IBM")
    standing = list(listings_told([], [one], AT).added)
    for tick in ("0.05", "0.10"):
        told_now = Instrument("IBM", "XNYS", "USD", Decimal(tick), Decimal(1), "IBM")
        standing = taken(standing, listings_told(standing, [told_now], AT))

    today = exchange_date(AT)
    ticks = [(str(row.tick_size), row.valid_from) for row in standing]
    assert sorted(ticks) == [("0.01", UNKNOWN_START), ("0.10", today)]


@pytest.mark.parametrize(
    ("symbol", "owners"),
    [
        ("FB", [("FB.1", "1999-09-29", "2003-03-28"), ("FB", "2012-05-18", "2021-03-31")]),
        ("GOOG", [("GOOGL", "2004-08-19", "2014-04-02"), ("GOOG", "2014-04-03", "2021-03-31")]),
        ("GOOGL", [("GOOGL", "2014-04-03", "2021-03-31")]),
        ("USO", [(None, "1998-01-02", "1998-12-30"), ("USO", "2006-04-10", "2021-03-31")]),
        ("SPY", [("SPY", "1998-01-02", "2021-03-31")]),
    ],
)
def test_lean_s_own_files_are_parted_as_its_map_files_say(
    symbol: str, owners: list[tuple[str | None, str, str]]
) -> None:
    folder = shared_data("daily_corporate_actions/lean")
    files = sorted((folder / "map_files").glob("*.csv"))
    rows = [
        row
        for file in files
        for row in map_terms(instrument_of(file.name), read_map_file(file.read_bytes()), AT)
    ]
    with ZipFile(folder / f"daily/{symbol.lower()}.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().split("\n")
    days = [date.fromisoformat(line[:8]) for line in lines if line.strip()]

    terms = histories_told([], rows, LEAN_DEFAULTS, AT).added

    assert [
        (part.instrument, str(days[part.places][0]), str(days[part.places][-1]))
        for part in parted(symbol, days, terms)
    ] == owners
