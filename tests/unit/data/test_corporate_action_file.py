"""A file of corporate actions is read whole or refused whole, each problem at line and column."""

from decimal import Decimal

import pytest

from bifrost.core.corporate_actions import (
    CashDividend,
    Delisting,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import InvalidInputError
from bifrost.data.files.corporate_action_file import COLUMNS, read_corporate_actions
from tests.action_builders import day

SHORT = "action_id,vendor,revision,kind,instrument,currency,ex_date"


def rows_of(columns: str, *rows: str) -> bytes:
    """A file with the columns that are always needed, and these."""
    return "\n".join([f"{SHORT},{columns}", *rows]).encode()


def problems(content: bytes) -> list[tuple[str, str]]:
    """Where and what is wrong."""
    with pytest.raises(InvalidInputError) as caught:
        read_corporate_actions(content)
    return [(one.field, one.message) for one in caught.value.problems]


def test_every_kind_is_read_with_its_terms() -> None:
    header = ",".join(COLUMNS)

    def row(kind: str, **cells: str) -> str:
        filled = {
            "action_id": f"id-{kind}",
            "vendor": "acme",
            "revision": "1",
            "kind": kind,
            "instrument": "AAPL",
            "currency": "USD",
            "ex_date": "2020-08-31",
        }
        return ",".join((filled | cells).get(name, "") for name in COLUMNS)

    content = "\n".join(
        [
            header,
            row("split", new_shares="4", old_shares="1"),
            row("stock_dividend", shares_per_share="0.05", cash_in_lieu="20"),
            row(
                "cash_dividend",
                dividend_kind="qualified",
                amount_per_share="0.82",
                record_date="2020-09-01",
                pay_date="2020-09-13",
            ),
            row("spin_off", new_instrument="NEW", shares_per_share="0.5", basis_share="0.1"),
            row("merger", cash_per_share="54"),
            row("rename", new_instrument="META", revision="2", withdrawn="true"),
            row("delisting", final_value="0", ex_date="2020-09-30"),
        ]
    )

    read = read_corporate_actions(content.encode())

    assert [one.terms for one in read] == [
        Split(Decimal(4), Decimal(1)),
        StockDividend(Decimal("0.05"), Decimal(20)),
        CashDividend(DividendKind.QUALIFIED, Decimal("0.82")),
        SpinOff("NEW", Decimal("0.5"), Decimal("0.1")),
        Merger(Decimal(54)),
        Rename("META"),
        Delisting(Decimal(0)),
    ]
    assert (read[2].record_date, read[2].pay_date) == (day("2020-09-01"), day("2020-09-13"))
    assert (read[5].revision, read[5].withdrawn) == (2, True)


@pytest.mark.parametrize(
    ("columns", "row", "where", "what"),
    [
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,4_0,1",
            "line 2, column new_shares",
            "it is '4_0'",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,NaN,1",
            "line 2, column new_shares",
            "it is 'NaN'",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,4,",
            "line 2, column old_shares",
            "it is empty",
        ),
        (
            "new_shares,old_shares,final_value",
            "a,v,1,split,AAPL,USD,2020-08-31,4,1,0",
            "line 2, column final_value",
            "a split has no final_value",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,1,1",
            "line 2, column split",
            "a split of 1 for as many changes nothing",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-02-30,4,1",
            "line 2, column ex_date",
            "it is '2020-02-30'",
        ),
        (
            "new_shares,old_shares",
            "a,v,0,split,AAPL,USD,2020-08-31,4,1",
            "line 2, column revision",
            "it is '0'",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,explosion,AAPL,USD,2020-08-31,4,1",
            "line 2, column kind",
            "it is 'explosion'",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,aapl,USD,2020-08-31,4,1",
            "line 2, column instrument",
            "it is 'aapl'",
        ),
        (
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,4",
            "line 2, column row",
            "it has 8 fields, the header has 9",
        ),
    ],
)
def test_a_broken_row_is_named_by_line_and_column(
    columns: str, row: str, where: str, what: str
) -> None:
    assert problems(rows_of(columns, row)) == [(where, what)]


def test_every_problem_of_the_file_is_named_and_nothing_is_read() -> None:
    good = "b,v,1,split,AAPL,USD,2020-08-31,4,1"
    bad = "a,v,1,split,AAPL,usd,2020-13-01,4,1"

    found = problems(rows_of("new_shares,old_shares", good, bad, ",v,1,split,IBM,USD,2020-08-31"))

    assert [where for where, _ in found] == [
        "line 3, column currency",
        "line 3, column ex_date",
        "line 4, column row",
    ]


def test_two_actions_of_one_kind_on_one_day_overlap() -> None:
    found = problems(
        rows_of(
            "new_shares,old_shares",
            "a,v,1,split,AAPL,USD,2020-08-31,4,1",
            "b,v,1,split,AAPL,USD,2020-08-31,7,1",
        )
    )

    assert found == [
        ("line 3, column ex_date", "it contradicts line 2, of the same day"),
    ]


def test_a_withdrawn_action_overlaps_nothing() -> None:
    content = rows_of(
        "new_shares,old_shares,withdrawn",
        "a,v,1,split,AAPL,USD,2020-08-31,4,1,",
        "a,v,2,split,AAPL,USD,2020-08-31,4,1,true",
        "b,v,1,split,AAPL,USD,2020-08-31,7,1,false",
    )

    assert len(read_corporate_actions(content)) == 3


def test_a_regular_and_a_special_dividend_may_share_a_day_but_not_be_the_same() -> None:
    columns = "dividend_kind,amount_per_share"
    regular = "a,v,1,cash_dividend,AAPL,USD,2020-08-31,ordinary,1"
    special = "b,v,1,cash_dividend,AAPL,USD,2020-08-31,ordinary,7"
    copy = "c,v,1,cash_dividend,AAPL,USD,2020-08-31,ordinary,1.0"

    assert len(read_corporate_actions(rows_of(columns, regular, special))) == 2
    assert problems(rows_of(columns, regular, special, copy)) == [
        ("line 4, column ex_date", "it contradicts line 2, of the same day"),
    ]


def test_one_revision_comes_once() -> None:
    one = "a,v,1,split,AAPL,USD,2020-08-31,4,1"

    assert problems(rows_of("new_shares,old_shares", one, one)) == [
        ("line 3, column revision", "revision 1 stands on line 2 already"),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"date,open\n", f"{SHORT},{SHORT}".encode(), f"{SHORT},price".encode()]
)
def test_another_header_is_refused(content: bytes) -> None:
    assert problems(content)[0][0] == "header"


def test_a_file_without_rows_is_refused() -> None:
    assert problems(f"{SHORT}\n".encode()) == [("file", "it has a header and no rows")]


@pytest.mark.parametrize(
    ("kind", "columns", "cells"),
    [
        ("split", "new_shares,old_shares", "1e400,1"),
        ("split", "new_shares,old_shares", "4e0,1"),
        ("split", "new_shares,old_shares", "12345678,1"),
        ("split", "new_shares,old_shares", "9999999,1"),
        ("split", "new_shares,old_shares", "1,9999999"),
        ("cash_dividend", "amount_per_share,dividend_kind", "100000000,ordinary"),
        ("cash_dividend", "amount_per_share,dividend_kind", "0.0000000000001,ordinary"),
        ("spin_off", "new_instrument,shares_per_share,basis_share", "KIDS,0.0000001,1"),
    ],
)
def test_a_number_that_no_share_has_is_refused(kind: str, columns: str, cells: str) -> None:
    ((field, _),) = problems(rows_of(columns, f"id-1,acme,1,{kind},AAPL,USD,2020-08-31,{cells}"))

    assert field.startswith("line 2, column ")


@pytest.mark.parametrize("ex_date", ["0001-01-01", "1899-12-31", "2100-01-01", "9999-12-31"])
def test_a_day_that_nobody_trades_on_is_refused(ex_date: str) -> None:
    content = rows_of("new_shares,old_shares", f"id-1,acme,1,split,AAPL,USD,{ex_date},4,1")

    assert [field for field, _ in problems(content)] == ["line 2, column ex_date"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("merger,AAPL,USD,2020-08-31,IBM,1,", "merger,IBM,USD,2020-08-31,AAPL,1,"),
        ("rename,AAPL,USD,2020-08-31,IBM,,", "rename,IBM,USD,2020-08-31,AAPL,,"),
        ("merger,AAPL,USD,2020-08-31,IBM,1,", "rename,AAPL,USD,2020-08-31,MSFT,,"),
        ("rename,AAPL,USD,2020-08-31,IBM,,", "delisting,AAPL,USD,2020-08-31,,,0"),
    ],
)
def test_an_instrument_ends_once_and_two_do_not_end_as_one_another(first: str, second: str) -> None:
    content = rows_of(
        "new_instrument,shares_per_share,final_value", f"a,acme,1,{first}", f"b,acme,1,{second}"
    )

    assert problems(content) == [
        ("line 3, column ex_date", "it contradicts line 2, of the same day")
    ]
