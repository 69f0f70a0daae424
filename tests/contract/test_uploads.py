"""Files that a person imports, into Postgres: in the order of their stages however they come, each
row under the instrument that had the symbol on its day, and what is left out is said."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.core.errors import InvalidInputError
from bifrost.data.files.uploads import FileState
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, exactly
from bifrost.data.series.timeframes import Timeframe
from bifrost.events import CorporateActionAnnounced, InstrumentListed
from tests.reference_files import MAP_FILES
from tests.shared_data import shared_data
from tests.unit.data.test_lean_zip import zipped
from tests.upload_desk import UploadDesk, folder, lean, table

CSV = b"date,open,high,low,close,volume\n2012-01-03,10,12,9,11,100\n2012-01-04,11,12,10,11.5,90\n"
FB = zipped(
    "fb.csv",
    "20030327 00:00,10000,10000,10000,10000,100",
    "20050103 00:00,9000,9000,9000,9000,100",
    "20120518 00:00,420500,450000,380000,382300,580000000",
)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> UploadDesk:
    return UploadDesk(make_database("data"))


def quiet_days(price: float) -> bytes:
    """A file of 30 sessions about a price."""
    lines = ["date,open,high,low,close,volume"]
    for place, one in enumerate(xnys.sessions(date(2012, 1, 3), date(2012, 2, 14))):
        now = price * (1 + place % 5 / 500)
        lines.append(
            f"{one.session},{now:.2f},{now * 1.01:.2f},{now * 0.99:.2f},{now:.2f},{900 + place}"
        )
    return "\n".join(lines).encode()


def bars(desk: UploadDesk, instrument: str, timeframe: Timeframe = Timeframe.D1) -> BarColumns:
    first, before = datetime(1990, 1, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
    reader = PostgresSeriesReader(desk.database)
    return reader.read(SeriesQuery(instrument, timeframe, first, before))


def test_a_listed_instruments_file_is_stored(desk: UploadDesk) -> None:
    desk.stock()

    done = desk.send(desk.declare(table("aapl.csv")), {"aapl.csv": CSV})["aapl.csv"]

    assert (done.state, done.outcome.read, done.outcome.written) == (FileState.DONE, 2, 2)
    assert done.outcome.instruments == ("AAPL",)
    assert [exactly(int(one)) for one in bars(desk, "AAPL").close] == [11, Decimal("11.5")]


def test_the_same_file_again_writes_nothing(desk: UploadDesk) -> None:
    desk.stock()
    desk.send(desk.declare(table("aapl.csv")), {"aapl.csv": CSV})

    done = desk.send(desk.declare(table("aapl.csv")), {"aapl.csv": CSV})["aapl.csv"]

    assert (done.state, done.outcome.read, done.outcome.written) == (FileState.DONE, 2, 0)


@pytest.mark.parametrize(("factor", "warns"), [(3, True), (1.3, False)])
def test_a_later_file_of_another_companys_prices_is_taken_and_said(
    desk: UploadDesk, factor: float, warns: bool
) -> None:
    desk.stock()
    desk.send(desk.declare(table("ours.csv")), {"ours.csv": quiet_days(10)})

    theirs = quiet_days(10 * factor)
    done = desk.send(desk.declare(table("theirs.csv")), {"theirs.csv": theirs})["theirs.csv"]

    assert (done.state, done.outcome.written) == (FileState.DONE, 30)
    said = "30 of 30 new bars are far from those that stood there: if they are not AAPL's"
    assert done.outcome.note.startswith(said) is warns


def test_an_unlisted_instrument_waits_for_its_listing_and_says_how(desk: UploadDesk) -> None:
    made = desk.declare(table("aapl.csv"))

    waiting = desk.send(made, {"aapl.csv": CSV})["aapl.csv"]
    desk.stock()
    desk.uploads.resume("request-2")

    assert (waiting.state, waiting.waits_for) == (FileState.WAITING, "AAPL")
    assert "--mic" in waiting.problem
    assert desk.uploads.find(made.import_id).files[0].state is FileState.DONE


def test_a_venue_and_a_currency_list_an_instrument(desk: UploadDesk) -> None:
    made = desk.declare(table("new.csv", "NEWN", mic="XNAS", currency="USD"))

    done = desk.send(made, {"new.csv": CSV})["new.csv"]

    assert done.state is FileState.DONE
    assert [one.instrument.symbol for one in desk.service.listings()] == ["NEWN"]
    listed = [one for one in desk.published() if isinstance(one, InstrumentListed)]
    assert [one.instrument.mic for one in listed] == ["XNAS"]


def test_a_row_that_cannot_be_believed_is_told_with_line_and_column(desk: UploadDesk) -> None:
    desk.stock()
    bad = CSV + b"2012-01-05,x,12,10,11,90\n"

    done = desk.send(desk.declare(table("aapl.csv")), {"aapl.csv": bad})["aapl.csv"]

    assert (done.state, done.rows_rejected) == (FileState.DONE, 1)
    ((line, reason),) = done.rejections
    assert line == 4
    assert reason.startswith("column 2, open: 'x'")


def test_a_file_of_bad_rows_alone_fails_with_the_first(desk: UploadDesk) -> None:
    desk.stock()
    bad = b"date,open,high,low,close,volume\n2012-01-03,10,12,9,,100\n"

    done = desk.send(desk.declare(table("aapl.csv")), {"aapl.csv": bad})["aapl.csv"]

    assert done.state is FileState.FAILED
    assert "line 2: column 5, close: ''" in done.problem


def test_what_is_declared_without_what_it_needs_is_refused(desk: UploadDesk) -> None:
    with pytest.raises(InvalidInputError) as refused:
        desk.declare(table("a.csv", timeframe=None), table("b.csv", mic="XNAS"))  # type: ignore[arg-type]

    assert {one.field for one in refused.value.problems} == {"files.0.timeframe", "files.1.mic"}


def test_a_split_beside_bars_is_claimed_and_told_to_nobody(desk: UploadDesk) -> None:
    desk.stock()
    content = (
        b"Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n"
        b"2012-01-03,100,103,99,101,101,400,0,0\n2012-01-04,101,104,100,102,102,410,0.25,4\n"
    )

    done = desk.send(desk.declare(table("gme.csv")), {"gme.csv": content})["gme.csv"]

    claimed = desk.rows("SELECT vendor, kind FROM data.corporate_actions ORDER BY kind")
    assert [tuple(one.values()) for one in claimed] == [
        ("yahoo", "cash_dividend"),
        ("yahoo", "split"),
    ]
    assert not [one for one in desk.published() if isinstance(one, CorporateActionAnnounced)]
    assert "kept as claims of yahoo" in done.outcome.note


def test_a_reused_symbols_rows_go_to_whoever_had_it(desk: UploadDesk) -> None:
    maps = {f"map_files/{name}": MAP_FILES[name] for name in ("fb.1.csv", "fb.csv")}

    done = desk.send(desk.declare(*map(lean, [*maps, "daily/fb.zip"])),
                     {**maps, "daily/fb.zip": FB})["daily/fb.zip"]  # fmt: skip

    assert done.state is FileState.DONE
    assert done.outcome.instruments == ("FB", "FB.1")
    assert len(bars(desk, "FB")) == len(bars(desk, "FB.1")) == 1
    assert exactly(int(bars(desk, "FB").open[0])) == Decimal("42.05")
    assert done.outcome.note == (
        "1 rows from 2005-01-03 to 2005-01-03 left out: nobody is known to have had FB then"
    )


def test_bars_that_come_before_their_map_file_wait_for_it(desk: UploadDesk) -> None:
    maps = {f"map_files/{name}": MAP_FILES[name] for name in ("fb.1.csv", "fb.csv")}
    made = desk.declare(*map(lean, [*maps, "daily/fb.zip"]))

    early = desk.send(made, {"daily/fb.zip": FB})["daily/fb.zip"]
    half = desk.send(made, {"map_files/fb.csv": maps["map_files/fb.csv"]})["daily/fb.zip"]
    whole = desk.send(made, {"map_files/fb.1.csv": maps["map_files/fb.1.csv"]})["daily/fb.zip"]

    assert [one.state for one in (early, half, whole)] == ["waiting", "waiting", "done"]
    assert whole.outcome.instruments == ("FB", "FB.1")


def test_a_factor_files_actions_are_announced_once(desk: UploadDesk) -> None:
    maps = {"map_files/spy.csv": MAP_FILES["spy.csv"]}
    factors = {"factor_files/spy.csv": b"20120103,0.5,0.5,100\n20120110,1,0.5,50\n20501231,1,1,0\n"}

    for _ in range(2):
        done = desk.send(desk.declare(*map(lean, [*maps, *factors])), {**maps, **factors})

    told = [one.action for one in desk.published() if isinstance(one, CorporateActionAnnounced)]
    assert [(one.kind, one.ex_date) for one in told] == [
        ("cash_dividend", date(2012, 1, 4)),
        ("split", date(2012, 1, 11)),
    ]
    assert done["factor_files/spy.csv"].outcome.written == 0


def test_a_days_trades_are_stored_and_make_its_minutes(desk: UploadDesk) -> None:
    desk.stock()
    ticks = shared_data("tick_trades_quotes/lean_tick_ibm/20131008_trade.zip").read_bytes()
    minutes = shared_data("minute_bars/lean_us_equity/ibm/20131008_trade.zip").read_bytes()

    of_trades = desk.send(desk.declare(lean("ibm/ticks.zip")), {"ibm/ticks.zip": ticks})
    made = bars(desk, "IBM", Timeframe.M1)
    again = desk.send(desk.declare(lean("ibm/minutes.zip")), {"ibm/minutes.zip": minutes})

    assert of_trades["ibm/ticks.zip"].state is FileState.DONE
    assert (len(made), of_trades["ibm/ticks.zip"].outcome.quarantined) == (424, 0)
    # The vendor's own minutes say nothing else, to the last field.
    assert again["ibm/minutes.zip"].outcome.written == 0


def test_quotes_of_a_day_are_stored(desk: UploadDesk) -> None:
    desk.stock()
    content = shared_data("minute_bars/lean_us_equity/ibm/20131008_quote.zip").read_bytes()

    done = desk.send(desk.declare(lean("ibm/quotes.zip")), {"ibm/quotes.zip": content})

    assert done["ibm/quotes.zip"].state is FileState.DONE
    # Its last minute is that of 20:00, when the tape had ended.
    outcome = done["ibm/quotes.zip"].outcome
    assert (outcome.read, outcome.written, outcome.quarantined) == (594, 593, 1)


def test_single_quotes_of_a_day_are_stored_but_for_those_after_its_end(desk: UploadDesk) -> None:
    desk.stock()
    content = shared_data("tick_trades_quotes/lean_tick_ibm/20131008_quote.zip").read_bytes()

    done = desk.send(desk.declare(lean("ibm/quotes.zip")), {"ibm/quotes.zip": content})

    outcome = done["ibm/quotes.zip"].outcome
    assert (outcome.read, outcome.written, outcome.quarantined) == (125_750, 125_746, 4)
    apart = desk.database.fetch_all("SELECT * FROM data.quarantined_ticks ORDER BY number")
    assert {row["kinds"][0] for row in apart} == {"outside_session"}
    assert str(apart[0]["occurred_at"].astimezone(UTC)) == "2013-10-09 00:00:00.514000+00:00"
    (flag,) = desk.database.fetch_all("SELECT * FROM data.quality_flags")
    assert (flag["timeframe"], flag["kind"]) == ("quote", "locked_market")


def test_leans_whole_folder_is_imported_in_any_order(desk: UploadDesk) -> None:
    files = folder(shared_data("daily_corporate_actions/lean"))
    backwards = dict(sorted(files.items(), reverse=True))

    done = desk.send(desk.declare(*map(lean, files)), backwards)

    assert {one.state for one in done.values()} == {FileState.DONE}
    assert {name: one.rows_rejected for name, one in done.items() if one.rows_rejected} == {}
    aapl = done["daily/aapl.zip"].outcome
    # Four days have a high or low that is ten times off: the gate keeps them apart.
    assert (aapl.read, aapl.written, aapl.quarantined, len(bars(desk, "AAPL"))) == (
        5849, 5845, 4, 5845,
    )  # fmt: skip
    # Misprints, day by day in tests/unit/data/quality/test_real_files.py.
    apart = {name: one.outcome.quarantined for name, one in done.items()}
    assert {name: count for name, count in apart.items() if count} == {
        "daily/aapl.zip": 4,
        "daily/goog.zip": 2,
        "daily/ibm.zip": 2,
        "daily/iwm.zip": 1,
        "daily/spy.zip": 24,
    }
    assert (len(bars(desk, "FB.1")), len(bars(desk, "FB"))) == (716, 2231)
    assert "USO then" in done["daily/uso.zip"].outcome.note
