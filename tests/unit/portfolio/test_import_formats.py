"""Each format's file is read to the last digit; whatever is broken in it is named by its line and
its column, and then nothing of the file is read.
"""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.core.errors import InvalidInputError
from bifrost.core.money import exact_sum
from bifrost.portfolio.exports import to_csv
from bifrost.portfolio.imports.activities import Activity, ActivityKind, content_hash
from bifrost.portfolio.imports.formats import Format, read_file
from bifrost.portfolio.imports.mapping import NO_MAPPING, FileMapping, read_mapping
from bifrost.portfolio.imports.records import in_order
from bifrost.portfolio.imports.source import FileRead

FILES = Path(__file__).parent / "import_files"
NAMES = {
    "own.csv": Format.OWN,
    "ibkr_flex.xml": Format.IBKR_FLEX,
    "ibkr_flex.csv": Format.IBKR_FLEX,
    "ibkr_flex_sections.csv": Format.IBKR_FLEX,
    "alpaca.json": Format.ALPACA,
    "alpaca.csv": Format.ALPACA,
    "pp_portfolio_de.csv": Format.PORTFOLIO_PERFORMANCE,
    "pp_account_de.csv": Format.PORTFOLIO_PERFORMANCE,
    "pp_account_en.csv": Format.PORTFOLIO_PERFORMANCE,
}


def text_of(name: str) -> str:
    return (FILES / name).read_text()


def read(name: str, text: str | None = None, mapping: FileMapping = NO_MAPPING) -> FileRead:
    return read_file(NAMES[name], text_of(name) if text is None else text, mapping)


def told(found: FileRead) -> list[tuple[int, str, str, str, str]]:
    assert found.problems == ()
    return [
        (one.line, one.kind.value, one.instrument, f"{one.quantity or ''}", f"{one.amount:f}")
        for one in found.activities
    ]


def test_our_own_file_is_read_row_by_row() -> None:
    assert told(read("own.csv")) == [
        (2, "deposit", "", "", "10000.00"),
        (3, "fill", "AAPL", "10", "-1853.50"),
        (4, "fill", "AAPL", "5", "-927.25"),
        (5, "fill", "AAPL", "5", "-927.25"),
        (6, "dividend", "AAPL", "", "4.80"),
        (7, "tax", "AAPL", "", "-0.72"),
        (8, "interest", "", "", "1.23"),
        (9, "fee", "", "", "-2.50"),
        (10, "fill", "AAPL", "-12", "2045.00"),
        (11, "fx", "", "", "-1000"),
        (12, "split", "AAPL", "30", "0"),
        (13, "transfer", "MSFT", "3", "0"),
        (14, "withdrawal", "", "", "-500"),
    ]
    first = read("own.csv").activities[1]
    assert first.occurred_at == datetime(2024, 1, 3, 14, 30, tzinfo=UTC)
    assert (first.venue, first.reference, first.commission) == ("paper", "x-1", 1)
    assert read("own.csv").activities[2].description == 'a "quoted" note, with a comma'


def test_a_mapping_names_the_columns_kinds_numbers_and_dates_of_another_table() -> None:
    mapping = read_mapping(text_of("mapping.toml"))

    found = read_file(Format.OWN, text_of("mapped.csv"), mapping)

    assert told(found) == [(2, "deposit", "", "", "10000.00"), (3, "fill", "SAP", "10", "-1409.90")]
    assert found.skipped == 1
    assert {one.currency for one in found.activities} == {"EUR"}
    assert found.activities[1].day == date(2024, 1, 3)


def test_a_mapping_is_the_same_in_json_and_toml() -> None:
    found = read_mapping(text_of("mapping.toml"))

    assert read_mapping(json.dumps({
        "columns": dict(found.columns), "kinds": dict(found.kinds), "decimal": ",",
        "constants": dict(found.constants), "delimiter": ";", "dates": "%d.%m.%Y",
        "skip": ["Storno"],
    })) == found  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = [", r"line 1, column"),
        ("{", r"line 1, column 2"),
        ("[]", "no object|line 1"),
        ("colums = 1", r"mapping.colums: unknown"),
        ("columns = 1", "mapping.columns"),
        ("decimal = ';'", "mapping.decimal"),
        ("skip = 1", "mapping.skip"),
        ("skip = [1]", "mapping.skip"),
        ("dates = 1", "mapping.dates"),
    ],
)
def test_a_mapping_that_cannot_be_read_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read_mapping(text)


def test_a_flex_query_is_read_from_xml_with_its_sums_left_out() -> None:
    found = read("ibkr_flex.xml")

    assert told(found) == [
        (5, "fill", "IBM", "20", "-3225"),
        (7, "fill", "IBM", "-8", "1467.24"),
        (7, "fee", "IBM", "", "0.12"),
        (8, "fill", "IBM   240621C00180000", "1", "-930.65"),
        (9, "fx", "", "", "538.75"),
        (9, "fee", "", "", "-2"),
        (12, "deposit", "", "", "10000"),
        (13, "dividend", "IBM", "", "19.92"),
        (14, "tax", "IBM", "", "-2.99"),
        (15, "interest", "", "", "3.21"),
        (16, "fee", "", "", "-4.5"),
        (19, "split", "IBM", "12", "0"),
        (22, "transfer", "MSFT", "3", "0"),
    ]
    assert found.skipped == 1
    # 09:31:05 in New York's winter.
    assert found.activities[0].occurred_at == datetime(2024, 1, 3, 14, 31, 5, tzinfo=UTC)


def test_a_flex_query_says_the_same_as_csv_and_as_xml() -> None:
    xml = {content_hash("a", one) for one in read("ibkr_flex.xml").activities}

    assert {content_hash("a", one) for one in read("ibkr_flex.csv").activities} <= xml
    assert told(read("ibkr_flex_sections.csv")) == [
        (5, "fill", "IBM", "20", "-3225"),
        (9, "deposit", "", "", "10000"),
    ]


def test_alpacas_activities_are_read_from_json_and_csv_newest_first_or_not() -> None:
    found = read("alpaca.json")

    assert told(found) == [
        (2, "fill", "MSFT", "-4", "1488.20"),
        (16, "fill", "MSFT", "10", "-3705.0"),
        (30, "deposit", "", "", "20000"),
        (31, "dividend", "MSFT", "", "4.50"),
        (32, "tax", "MSFT", "", "-0.68"),
        (33, "fee", "", "", "-0.01"),
        (35, "withdrawal", "", "", "-250"),
    ]
    assert found.skipped == 1, "a cancelled deposit never came"
    fills = [one for one in in_order(found.activities) if one.kind is ActivityKind.FILL]
    assert [one.quantity for one in fills] == [10, -4]
    csv = {content_hash("a", one) for one in read("alpaca.csv").activities}
    assert csv < {content_hash("a", one) for one in found.activities}


def test_portfolio_performance_is_read_in_german_with_its_fees_and_taxes_apart() -> None:
    assert told(read("pp_portfolio_de.csv")) == [
        (2, "fill", "SAP.DE", "3", "-1009.90"),
        (3, "fill", "SAP.DE", "-1", "340.10"),
        (3, "tax", "SAP.DE", "", "-4.00"),
    ]
    assert told(read("pp_account_de.csv")) == [
        (2, "deposit", "", "", "5000.00"),
        (3, "dividend", "SAP.DE", "", "6.60"),
        (3, "tax", "SAP.DE", "", "-1.75"),
        (4, "interest", "", "", "1.50"),
        (4, "tax", "", "", "-0.25"),
        (5, "withdrawal", "", "", "-100.00"),
    ]
    buy = read("pp_portfolio_de.csv").activities[0]
    assert (buy.price, buy.commission) == (Decimal("333.333333333333"), Decimal("9.90"))


def test_portfolio_performance_is_read_in_english() -> None:
    assert told(read("pp_account_en.csv")) == [
        (2, "deposit", "", "", "5000.00"),
        (3, "dividend", "SAP.DE", "", "6.60"),
        (3, "tax", "SAP.DE", "", "-1.75"),
        (4, "interest", "", "", "-1.25"),
        (5, "fee", "", "", "-3.00"),
        (6, "withdrawal", "", "", "-100.00"),
    ]


def test_what_a_row_of_cash_states_net_is_what_it_states_in_parts() -> None:
    parts = [one for one in read("pp_account_de.csv").activities if one.line == 3]

    assert exact_sum(one.amount for one in parts) == Decimal("4.85")


BROKEN = [
    ("own.csv", "2024-01-02,,deposit", "0001-01-01,,deposit", 2, "date"),
    ("own.csv", "AAPL,10,185.25,,", "AAPL,1e-15,,-1e6,", 3, "price"),
    ("own.csv", "AAPL,10,185.25,,", "AAPL,999999999999,999999999999,,", 3, "amount"),
    ("own.csv", "2024-01-02,,deposit", "2024-02-30,,deposit", 2, "date"),
    ("own.csv", "14:30:00", "25:00:00", 3, "time"),
    ("own.csv", ",buy,AAPL,10", ",bought,AAPL,10", 3, "kind"),
    ("own.csv", ",buy,AAPL,10", ",buy,AAPL,-10", 3, "quantity"),
    ("own.csv", ",buy,AAPL,10", ",buy,AAPL,1_0", 3, "quantity"),
    ("own.csv", ",buy,AAPL,10,", ",buy,,10,", 3, "instrument"),
    ("own.csv", "-2.50,USD", "-2.50,usd", 9, "currency"),
    ("own.csv", "2045.00", "2054.00", 10, "amount"),
    ("own.csv", "921.50,EUR", "-921.50,EUR", 11, "counter_amount"),
    ("own.csv", ",,,,-500,USD", ",,,,500,USD", 14, "amount"),
    ("own.csv", "-500,USD,,,,,,", "-500,USD,,,,,", 14, "description"),
    ("own.csv", "-500,USD,,,,,,", "-500,USD,,,,,,,", 14, "15"),
    ("own.csv", '"a ""quoted""', '"a "quoted""', 4, "description"),
    ("own.csv", ",price,", ",prise,", 3, "price"),
    ("own.csv", "date,time", "day,time", 1, "date"),
    ("ibkr_flex.xml", 'tradePrice="161.2" proceeds="-3224"', 'tradePrice="x"', 5, "tradePrice"),
    ("ibkr_flex.xml", 'buySell="BUY"', 'buySell="BUY (Ca.)"', 5, "buySell"),
    ("ibkr_flex.xml", 'quantity="20"', 'quantity="-20"', 5, "buySell"),
    ("ibkr_flex.xml", 'type="Dividends"', 'type="Divs"', 13, "type"),
    ("ibkr_flex.xml", 'type="FS"', 'type="TC"', 19, "type"),
    ("ibkr_flex.xml", "</Transfers>", "", 24, "3"),
    ("ibkr_flex.xml", "<FlexQueryResponse", "<!DOCTYPE x><FlexQueryResponse", 1, "DOCTYPE"),
    ("ibkr_flex.csv", '"161.2"', '"161.2.1"', 2, "TradePrice"),
    ("ibkr_flex.csv", '"SELL","EXECUTION"', '"SELL"', 3, "LevelOfDetail"),
    ("ibkr_flex.csv", '"2024-01-02"', '"2024-13-02"', 5, "Date/Time"),
    ("alpaca.json", '"372.05"', '"nan"', 2, "price"),
    ("alpaca.json", '"DIVNRA"', '"REORG"', 32, "activity_type"),
    ("alpaca.json", '"2024-03-14", "net_amount": "4.50"', '"14/03/24"', 31, "date"),
    ("alpaca.json", '"qty": "4",', '"qty": "4", "qty": "5",', 2, "qty"),
    ("alpaca.json", '"side": "sell",', '"side": "sell"', 8, "5"),
    ("alpaca.json", '"symbol": "MSFT",', '"symbol": ["MSFT"],', 2, "symbol"),
    ("alpaca.csv", "14:30:00Z", "14:30:00", 2, "transaction_time"),
    ("pp_portfolio_de.csv", "1.009,90", "1,009.90", 2, "Wert"),
    ("pp_portfolio_de.csv", "Verkauf", "Verkaufen", 3, "Typ"),
    ("pp_portfolio_de.csv", ";1;DE", ";0;DE", 3, "Stück"),
    ("pp_account_en.csv", '"5,000.00"', "5,000.00", 2, "13"),
    ("pp_account_en.csv", "Removal,-100.00,USD", "Removal,-100.00,", 6, "Transaction Currency"),
]


@pytest.mark.parametrize(("name", "good", "bad", "line", "column"), BROKEN)
def test_a_broken_line_is_named_with_its_column_and_nothing_is_read(
    name: str, good: str, bad: str, line: int, column: str
) -> None:
    text = text_of(name)
    assert good in text

    found = read(name, text.replace(good, bad, 1))

    assert found.activities == ()
    assert (found.problems[0].line, found.problems[0].column) == (line, column)
    assert found.problems[0].fix


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", "\n\n", "x", "\x00", "<a/>", "[]", "[1]", "{}", "a,b\n1,2"])
def test_what_is_no_such_file_is_a_problem_with_a_line(name: str, text: str) -> None:
    found = read(name, text)

    assert found.activities == ()
    assert found.problems[0].line >= 1
    assert found.problems[0].column


def test_every_broken_line_is_named_up_to_a_hundred() -> None:
    header = text_of("own.csv").splitlines()[0]

    found = read("own.csv", header + "\nx" * 500)

    assert len(found.problems) == 100
    assert [one.line for one in found.problems[:3]] == [2, 3, 4]


def checked(found: FileRead) -> None:
    """A result is rows that make sense, or problems that say where."""
    if found.problems:
        assert found.activities == ()
    for problem in found.problems:
        assert problem.line >= 1
        assert problem.column
        assert problem.message
        assert problem.fix
    for one in found.activities:
        assert one.amount.is_finite()
        assert re.fullmatch("[A-Z]{3}", one.currency)
        if one.kind is ActivityKind.FILL:
            assert one.quantity
            assert one.price is not None
            assert one.price > 0


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150)
@given(data=st.data())
def test_a_file_that_was_cut_anywhere_is_read_or_says_where_it_is_broken(
    name: str, data: st.DataObject
) -> None:
    text = text_of(name)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 400)))
    put = data.draw(st.sampled_from(["", "x", '"', ",", ";", "\n", "\x00", "9" * 40, "é", "-"]))

    checked(read(name, text[:start] + put + text[end:]))


@pytest.mark.parametrize("name", [one for one in NAMES if one.endswith(("xml", "json"))])
@settings(max_examples=100)
@given(data=st.data())
def test_a_document_that_ends_too_early_is_broken_and_nothing_of_it_is_read(
    name: str, data: st.DataObject
) -> None:
    text = text_of(name).rstrip()

    found = read(name, text[: data.draw(st.integers(0, len(text) - 1))])

    assert found.activities == ()
    assert found.problems
    checked(found)


NUMBERS = st.decimals(
    min_value=Decimal("0.01"), max_value=Decimal(10**7), places=4, allow_nan=False
)
TEXTS = (
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f"), max_size=12
    )
    .map(str.strip)
    .filter(str.isprintable)
)


@st.composite
def activities(draw: st.DrawFn) -> Activity:
    kind = draw(st.sampled_from([ActivityKind.FILL, ActivityKind.DEPOSIT, ActivityKind.FEE]))
    day = draw(st.dates(date(1990, 1, 1), date(2030, 1, 1)))
    at = datetime(day.year, day.month, day.day, draw(st.integers(0, 23)), tzinfo=UTC)
    number = draw(NUMBERS)
    more = {"venue": draw(TEXTS), "reference": draw(TEXTS), "description": draw(TEXTS)}
    if kind is not ActivityKind.FILL:
        signed = number if kind is ActivityKind.DEPOSIT else -number
        return Activity(2, kind, day, at, "USD", signed, **more)
    quantity = draw(NUMBERS) * draw(st.sampled_from([1, -1]))
    charged = draw(NUMBERS)
    amount = -quantity * number - charged
    return Activity(2, kind, day, at, "USD", amount, "AAPL", quantity, number, charged, **more)


@given(rows=st.lists(activities(), min_size=1, max_size=20))
def test_what_is_exported_is_read_back_to_the_last_digit(rows: list[Activity]) -> None:
    found = read_file(Format.OWN, to_csv(rows))

    assert found.problems == ()
    for line, (before, after) in enumerate(zip(rows, found.activities, strict=True), start=2):
        plain = {name: getattr(before, name) for name in Activity.__dataclass_fields__}
        assert after == Activity(**{**plain, "line": line})
