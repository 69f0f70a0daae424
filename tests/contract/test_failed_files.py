"""Files that fail leave nothing of themselves: what was not told to others was not written, and
one that is larger than any may be, or whose prices may be divided, is not taken."""

from collections.abc import Callable

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError
from bifrost.data.files import table_import
from bifrost.data.files.imports import BYTES_MAX, ImportStatus, StoredObject
from bifrost.data.files.uploads import Declared, FileState
from bifrost.events import InstrumentListed
from tests.unit.data.test_lean_zip import zipped
from tests.upload_desk import UploadDesk, lean, table

BARS = b"date,open,high,low,close,volume\n2012-01-03,10,12,9,11,100\n2012-01-04,11,12,10,11.5,90\n"
BESIDE = (
    b"date,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
    b"2012-01-03,10,12,9,11,11,100,0,1\n"
    b"2012-01-04,11,12,10,11.5,11.5,90,0.5,2\n"
)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> UploadDesk:
    return UploadDesk(make_database("data"))


def test_a_file_that_fails_lists_no_instrument_that_nobody_hears_of(desk: UploadDesk) -> None:
    made = desk.declare(table("new.csv", "NEWN", mic="XNAS", currency="USD"))

    failed = desk.send(made, {"new.csv": b"no,such,columns\n1,2,3\n"})["new.csv"]

    assert failed.state is FileState.FAILED
    assert list(desk.service.listings()) == []
    assert desk.published() == []


def test_its_corrected_successor_lists_the_instrument_and_tells_of_it(desk: UploadDesk) -> None:
    made = desk.declare(table("new.csv", "NEWN", mic="XNAS", currency="USD"))
    desk.send(made, {"new.csv": b"no,such,columns\n1,2,3\n"})

    done = desk.send(made, {"new.csv": BARS})["new.csv"]

    assert done.state is FileState.DONE
    told = [one.instrument.symbol for one in desk.published() if isinstance(one, InstrumentListed)]
    assert told == ["NEWN"]


def test_actions_beside_bars_that_fail_are_not_kept_either(
    desk: UploadDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InvalidInputError(FieldProblem("time", "it is of no month", "correct it"))

    desk.stock()
    monkeypatch.setattr(table_import, "take_bars", refuse)

    failed = desk.send(desk.declare(table("a.csv")), {"a.csv": BESIDE})["a.csv"]

    assert failed.state is FileState.FAILED
    assert desk.rows("SELECT * FROM data.corporate_actions") == []
    assert desk.rows("SELECT * FROM data.published_actions") == []


@pytest.mark.parametrize("declared", [table("aapl.csv"), lean("map_files/aapl.csv")])
def test_an_object_larger_than_any_may_be_is_not_read_whatever_was_declared(
    desk: UploadDesk, declared: object
) -> None:
    desk.stock()
    made = desk.declare(declared)  # type: ignore[arg-type]  # as parametrized
    desk.bucket.down = True  # reading it would raise

    key = made.files[0].file.object_key
    (record, *_) = desk.uploads.import_object(StoredObject(key, "e", BYTES_MAX + 1), "r")

    assert record.status is ImportStatus.FAILED
    assert str(BYTES_MAX + 1) in record.problem
    assert desk.uploads.find(made.import_id).files[0].state is FileState.FAILED


def test_an_object_that_grew_after_it_was_heard_of_fails_the_same_way(desk: UploadDesk) -> None:
    desk.stock()
    made = desk.declare(table("aapl.csv"))
    key = made.files[0].file.object_key
    desk.bucket.objects[key] = BARS + b" " * BYTES_MAX
    desk.resize(key, BYTES_MAX)

    (record, *_) = desk.uploads.import_object(StoredObject(key, "e", size=100), "r")

    assert record.status is ImportStatus.FAILED
    assert "split it" in record.problem


@pytest.mark.parametrize("declared", [table("aapl.csv"), lean("map_files/aapl.csv")])
def test_half_of_what_was_declared_is_not_taken_for_the_file(
    desk: UploadDesk, declared: Declared
) -> None:
    desk.stock()
    made = desk.declare(declared)
    key = made.files[0].file.object_key
    desk.bucket.objects[key] = BARS
    desk.resize(key, len(BARS) + 1)

    desk.uploads.import_object(StoredObject(key, "e", len(BARS)), "r")

    (file,) = desk.uploads.find(made.import_id).files
    assert file.state is FileState.FAILED
    assert f"it has {len(BARS)} bytes, {len(BARS) + 1} were declared" in file.problem


def test_two_files_of_one_import_that_contradict_each_other_are_not_both_taken(
    desk: UploadDesk,
) -> None:
    desk.stock()
    other = BARS.replace(b"9,11,100", b"9,11.2,100") + b"2012-01-05,11,12,10,11,90\n"
    made = desk.declare(table("ours.csv"), table("theirs.csv"), table("same.csv"))

    files = desk.send(made, {"ours.csv": BARS, "theirs.csv": other, "same.csv": BARS})

    states = [files[name].state for name in ("ours.csv", "theirs.csv", "same.csv")]
    assert states == [FileState.DONE, FileState.FAILED, FileState.DONE]
    assert (
        "theirs.csv and ours.csv of one import tell other numbers of 1 1d bars of AAPL,"
        " the first of 2012-01-03 14:30 UTC"
    ) in files["theirs.csv"].problem
    closes = desk.rows("SELECT close FROM data.bars ORDER BY close")
    assert [str(one["close"]) for one in closes] == ["11", "11.5"]


def test_imports_that_go_on_with_one_another_contradict_as_one_does(desk: UploadDesk) -> None:
    desk.stock()
    first = desk.declare(table("a.csv"))
    desk.send(first, {"a.csv": BARS})
    second = desk.declare(table("b.csv"), continues=first.import_id)
    third = desk.declare(table("c.csv"), continues=second.import_id)

    failed = desk.send(third, {"c.csv": BARS.replace(b"9,11,100", b"9,11.2,100")})["c.csv"]

    assert failed.state is FileState.FAILED
    assert "c.csv and a.csv of one import" in failed.problem
    with pytest.raises(NotFoundError, match="no import no-such"):
        desk.declare(table("d.csv"), continues="no-such")


def test_what_contradicted_is_taken_by_itself_as_a_correction(desk: UploadDesk) -> None:
    desk.stock()
    desk.send(desk.declare(table("a.csv")), {"a.csv": BARS})

    corrected = BARS.replace(b"9,11,100", b"9,11.2,100")
    done = desk.send(desk.declare(table("b.csv")), {"b.csv": corrected})["b.csv"]

    assert (done.state, done.outcome.written) == (FileState.DONE, 1)


def test_two_zips_of_one_import_that_contradict_each_other_are_not_both_taken(
    desk: UploadDesk,
) -> None:
    desk.stock()
    zips = {
        name: zipped("aapl.csv", f"20120103 00:00,100000,120000,90000,{close},100")
        for name, close in (("daily/aapl.zip", 110000), ("other/aapl.zip", 111000))
    }

    files = desk.take(**zips)

    assert [files[name].state for name in zips] == [FileState.DONE, FileState.FAILED]
    assert "other/aapl.zip and daily/aapl.zip" in files["other/aapl.zip"].problem


SPLIT = (
    b"action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares\n"
    b"split-1,alpaca,1,split,AAPL,USD,2012-01-06,4,1\n"
)
OF_YFINANCE = (
    b"Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n"
    b"2012-01-03,10,12,9,11,11,100,0,0\n2012-01-04,11,12,10,11.5,11.5,90,0,0\n"
)


def test_prices_that_a_later_split_may_have_divided_are_no_prices_as_traded(
    desk: UploadDesk,
) -> None:
    desk.stock()
    desk.imports.announce(SPLIT, "request-1")

    failed = desk.send(desk.declare(table("y.csv")), {"y.csv": OF_YFINANCE})["y.csv"]

    assert failed.state is FileState.FAILED
    assert "it ends on 2012-01-04" in failed.problem
    assert "the split of 2012-01-06" in failed.problem
    assert desk.rows("SELECT * FROM data.bars") == []


def test_a_file_that_reaches_the_split_tells_all_of_it(desk: UploadDesk) -> None:
    desk.stock()
    desk.imports.announce(SPLIT, "request-1")
    whole = (
        OF_YFINANCE
        + b"2012-01-05,11,12,10,11.2,11.2,95,0,0\n2012-01-06,11,12,10,11.4,11.4,97,0,4\n"
    )

    done = desk.send(desk.declare(table("y.csv")), {"y.csv": whole})["y.csv"]

    assert (done.state, done.outcome.written + done.outcome.quarantined) == (FileState.DONE, 4)


def test_an_announced_split_that_has_not_come_divides_nothing_yet(desk: UploadDesk) -> None:
    desk.stock()
    desk.imports.announce(SPLIT.replace(b"2012-01-06", b"2026-12-01"), "request-1")

    done = desk.send(desk.declare(table("y.csv")), {"y.csv": OF_YFINANCE})["y.csv"]

    assert (done.state, done.outcome.written) == (FileState.DONE, 2)
