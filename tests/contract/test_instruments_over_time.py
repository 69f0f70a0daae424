"""Instruments as they were on a day, as known by an instant: reused symbols, renames, the gone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.core.errors import InvalidInputError, NotFoundError
from bifrost.data.files.imports import ImportStatus
from bifrost.data.reference.ports import UniverseQuery
from bifrost.data.reference.service import ReferenceService
from bifrost.data.reference.terms import NO_END, UNKNOWN_START, Terms
from bifrost.events import InstrumentListed
from tests.data_desk import INSTRUMENTS, DataDesk
from tests.reference_files import MAP_FILES

LISTED = "instruments/test.csv"
HEADER = b"symbol,mic,currency,tick_size,lot_size,name\n"


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data with empty tables."""
    return DataDesk(make_database("data"))


def reference(desk: DataDesk) -> ReferenceService:
    """Data's use cases of reference data, over the desk's database."""
    return desk.reference


def tell(desk: DataDesk, *names: str) -> None:
    """Take in these map files; all of them where none is named."""
    files = {name: MAP_FILES[name] for name in names or MAP_FILES}
    desk.clock.pass_by(1)
    reference(desk).take_map_files(files, "request-1")


def on(desk: DataDesk, name: str, day: str, known_by: datetime | None = None) -> Terms:
    """Who had the symbol on that day."""
    return reference(desk).find(name, date.fromisoformat(day), known_by)


def universe(desk: DataDesk, day: str, index: str = "", known_by: datetime | None = None) -> str:
    """The keys of what there was on that day, in one line."""
    asked = UniverseQuery(date.fromisoformat(day), index, known_by)
    return " ".join(one.instrument for one in reference(desk).universe(asked))


def rows(desk: DataDesk, name: str) -> list[Terms]:
    """What stands of an instrument, by its days."""
    found = PostgresReference(desk.database).terms_of(name)
    own = [one for one in found if one.instrument == name and one.is_known()]
    return sorted(own, key=lambda one: one.valid_from)


def test_a_symbol_is_another_instrument_s_at_another_time(desk: DataDesk) -> None:
    tell(desk)

    assert on(desk, "FB", "2012-05-21").instrument == "FB"
    assert on(desk, "FB", "2001-01-02").instrument == "FB.1"
    assert on(desk, "GOOG", "2014-04-02").instrument == "GOOGL"
    assert on(desk, "GOOG", "2014-04-03").instrument == "GOOG"
    assert (on(desk, "GOOCV", "2014-03-27").instrument, on(desk, "SPY", "2020-01-02").mic) == (
        "GOOG",
        "ARCX",
    )


def test_where_nobody_had_the_symbol_it_is_said_who_had_it_when(desk: DataDesk) -> None:
    tell(desk)

    with pytest.raises(NotFoundError) as error:
        on(desk, "FB", "2012-05-17")

    assert str(error.value) == (
        "on 2012-05-17 nobody had the symbol FB: FB.1 had it from 1999-09-29 to 2003-03-28;"
        " FB had it from 2012-05-18"
    )


def test_an_instrument_is_found_by_its_key_on_a_day_when_it_had_another_symbol(
    desk: DataDesk,
) -> None:
    tell(desk)

    found = on(desk, "GOOGL", "2010-01-04")
    gone = on(desk, "FB.1", "2010-01-04")

    assert (found.instrument, found.symbol) == ("GOOGL", "GOOG")
    assert (gone.instrument, gone.status) == ("FB.1", "delisted")


def test_a_universe_has_what_is_gone_since_and_not_what_came_later(desk: DataDesk) -> None:
    tell(desk)

    assert universe(desk, "2001-01-02") == "FB.1 SPY"
    assert universe(desk, "2010-01-04") == "GOOGL SPY"
    assert universe(desk, "2014-04-03") == "FB GOOG GOOGL SPY"


def test_what_is_told_later_was_not_known_before(desk: DataDesk) -> None:
    desk.put(LISTED, HEADER + b"FB,XNAS,USD,0.01,1,Facebook Inc.\n")
    before = desk.clock.now()
    tell(desk)

    assert on(desk, "FB", "2001-01-02", before).instrument == "FB"
    assert on(desk, "FB", "2001-01-02").instrument == "FB.1"
    assert universe(desk, "2001-01-02", known_by=before) == "FB"
    with pytest.raises(NotFoundError, match="as known by"):
        on(desk, "FB", "2001-01-02", before - timedelta(days=1))


def test_map_files_list_what_is_not_listed_and_tell_of_it_once(desk: DataDesk) -> None:
    desk.put(LISTED, HEADER + b'GOOGL,XNAS,USD,0.01,1,"Alphabet, Inc."\n')
    told = len(desk.published())

    tell(desk)
    tell(desk)

    heard = desk.published()[told:]
    assert [one.instrument.symbol for one in heard if isinstance(one, InstrumentListed)] == [
        "FB",
        "FB.1",
        "GOOG",
        "SPY",
    ]
    assert len(rows(desk, "FB")) == 1
    assert {one.name for one in rows(desk, "GOOGL")} == {"Alphabet, Inc."}
    assert [one.instrument.mic for one in desk.service.listings()] == [
        "XNAS",
        "XXXX",
        "XNAS",
        "XNAS",
        "ARCX",
    ]


def test_a_listing_without_dates_holds_from_when_its_symbol_was_free(desk: DataDesk) -> None:
    tell(desk, "googl.csv")
    desk.put(LISTED, HEADER + b"GOOG,XNAS,USD,0.01,1,Alphabet C\nAAPL,XNAS,USD,0.01,1,Apple\n")

    (google,), (apple,) = rows(desk, "GOOG"), rows(desk, "AAPL")

    assert (google.valid_from, google.valid_to) == (date(2014, 4, 3), NO_END)
    assert (apple.valid_from, apple.valid_to) == (UNKNOWN_START, NO_END)


def test_terms_that_change_hold_from_that_day_on(desk: DataDesk) -> None:
    desk.put(LISTED, INSTRUMENTS)
    desk.put(LISTED, INSTRUMENTS.replace(b"XNYS,USD,0.01", b"XNYS,USD,0.05"), "etag-2")

    before, after = rows(desk, "IBM")

    assert (str(before.tick_size), str(after.tick_size)) == ("0.01", "0.05")
    assert before.valid_to == after.valid_from == reference(desk).today()


def test_a_listing_whose_symbol_is_another_s_is_refused(desk: DataDesk) -> None:
    tell(desk, "fb.csv")
    with pytest.raises(InvalidInputError, match="its symbol FB is FB's from 2012-05-18"):
        reference(desk).take_map_files({"fb.2.csv": MAP_FILES["fb.csv"]}, "request-1")

    assert universe(desk, "2020-01-02") == "FB"


def test_an_index_has_its_members_of_the_day(desk: DataDesk) -> None:
    tell(desk)
    text = b"index,instrument,from,to\nOLD,FB.1,2000-01-03,2002-01-02\nOLD,GONE,2000-01-03,\n"
    (record,) = desk.put("indexes/old.csv", text)
    known = desk.clock.now()
    desk.put("indexes/old.csv", text.replace(b"2002-01-02", b"2001-01-02"), "etag-2")

    assert (record.status, record.rows_written) == (ImportStatus.DONE, 2)
    assert universe(desk, "2001-12-31", "OLD", known) == "FB.1 GONE"
    assert universe(desk, "2001-12-31", "OLD") == "GONE"
    assert universe(desk, "2001-01-01", "OLD") == "FB.1 GONE"
    assert universe(desk, "1999-12-31", "OLD") == ""
    with pytest.raises(NotFoundError, match="no index is called NEW"):
        universe(desk, "2001-01-01", "NEW")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("OLD,FB.1,2000-01-03,2000-01-03", "to 2000-01-03 is not after"),
        ("OLD,FB.1,2000-1-3,", "are not dates"),
        ("old,FB.1,2000-01-03,", "index 'old' is not"),
        ("OLD,GONE,2005-01-03,", "rows above have GONE in OLD"),
    ],
)
def test_a_membership_that_cannot_be_is_kept_apart(desk: DataDesk, row: str, why: str) -> None:
    text = f"index,instrument,from,to\nOLD,GONE,2000-01-03,\n{row}\n"

    (record,) = desk.put("indexes/old.csv", text.encode())

    assert (record.status, record.rows_written) == (ImportStatus.DONE, 1)
    assert why in record.problem


def test_of_two_that_tell_of_one_symbol_at_once_one_is_refused(
    desk: DataDesk, make_database: Callable[[str], Database]
) -> None:
    desks = [desk, DataDesk(make_database("data"))]
    names = ["fb.csv", "fb.2.csv"]

    def take(place: int) -> bool:
        files = {names[place]: MAP_FILES["fb.csv"]}
        try:
            return bool(desks[place].reference.take_map_files(files, "request-1").instruments)
        except InvalidInputError:
            return False

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(take, range(2)))

    assert sorted(done) == [False, True]
    assert universe(desk, "2020-01-02") == names[done.index(True)].removesuffix(".csv").upper()


def test_ten_thousand_instruments_are_listed_with_their_terms(desk: DataDesk) -> None:
    names = [f"{number:05d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ")) for number in
             range(10_000)]  # fmt: skip
    text = "".join(f"{name},XNYS,USD,0.01,1,{name}\n" for name in names)

    (record,) = desk.put(LISTED, HEADER + text.encode())

    assert record.rows_written == 10_000
    asked = UniverseQuery(date(2020, 1, 2), limit=20_000)
    assert [one.instrument for one in reference(desk).universe(asked)] == sorted(names)


@pytest.mark.parametrize("table", ["instrument_terms", "index_members"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE data.{} SET valid_from = '2020-01-02'",
        "UPDATE data.{} SET superseded_at = NULL",
        "DELETE FROM data.{}",
        "TRUNCATE data.{}",
    ],
)
def test_no_row_is_rewritten(desk: DataDesk, table: str, statement: str) -> None:
    tell(desk, "fb.csv")
    desk.put("indexes/old.csv", b"index,instrument,from,to\nOLD,GONE,2000-01-03,\n")

    with (
        pytest.raises(Exception, match=r"permission denied|append-only"),
        desk.database.transaction() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    ("key", "symbol", "constraint"),
    [("FB", "META", "one_terms_a_day"), ("FB.2", "FB", "one_instrument_a_symbol")],
)
def test_the_database_itself_refuses_two_on_one_day(
    desk: DataDesk, key: str, symbol: str, constraint: str
) -> None:
    tell(desk, "fb.csv")

    with pytest.raises(Exception, match=constraint), desk.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO data.instrument_terms (instrument, valid_from, valid_to, symbol, status,"
            " source, recorded_at) VALUES (%s, '2020-01-02', '2020-01-03', %s, 'listed', 'csv',"
            " now())",
            (key, symbol),
        )
