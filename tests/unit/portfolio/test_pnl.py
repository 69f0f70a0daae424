"""The parts of the P&L sum to what the books are worth less what was paid in, to the last digit:
over lots, positions, strategies, portfolios and ranges, in three currencies, long and short.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.core.money import EXACT, Money, exact_product, exact_sum
from bifrost.portfolio import pnl
from bifrost.portfolio.cash_flows import (
    EXPENSES,
    INCOME,
    CashFlowKind,
    expense_entries,
    fx_entries,
    income_entries,
)
from bifrost.portfolio.ledger import CAPITAL, Entry, fill_entries, flow_entries
from bifrost.portfolio.lots import Lot, apply_fill
from bifrost.portfolio.pnl import (
    Line,
    Market,
    Pnl,
    Tally,
    by_lot,
    by_portfolio,
    by_position,
    by_strategy,
    fill_lines,
    pnl_by,
    pnl_of,
)
from tests.builders import fill

CURRENCIES = ("USD", "EUR", "JPY")
LISTED = {"AAPL": "USD", "SAP": "EUR", "SONY": "JPY"}
AMOUNT = st.integers(-(10**9), 10**9).filter(bool).map(lambda n: Decimal(n).scaleb(-4))
RATE = st.integers(1, 10**8).map(lambda n: Decimal(n).scaleb(-6))
KINDS = st.sampled_from(["flow", "fill", "fill", "fill", "income", "expense", "fx"])
TWO = Decimal(2)


@dataclass
class Books:
    """One account's lines as they are booked, day by day."""

    lines: list[Line] = field(default_factory=list)
    lots: dict[str, Lot] = field(default_factory=dict)
    opened_rates: dict[str, Decimal] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def book(self, entries: tuple[Entry, ...], rates: dict[str, Decimal]) -> None:
        self.entries += entries
        self.lines += [Line(entry, rates[entry.currency]) for entry in entries]

    def trade(self, symbol: str, size: Decimal, price: Decimal, rates: dict[str, Decimal]) -> None:
        number = len(self.lines) + 1
        one = fill(number, size, price, commission="0.35")
        one = replace(one, instrument=symbol, currency=LISTED[symbol])
        open_lots = [lot for lot in self.lots.values() if lot.instrument == symbol]
        change = apply_fill(open_lots, one, number)
        rate = rates[one.currency]
        self.entries += fill_entries(one, change)
        self.lines += fill_lines(one, change, rate, self.opened_rates)
        for lot in (*change.remaining, *((change.opened,) if change.opened else ())):
            self.lots[lot.lot_id] = lot
            self.opened_rates.setdefault(lot.lot_id, rate)
            if lot.quantity == 0:
                del self.lots[lot.lot_id]


def rates_of(draw: st.DrawFn) -> dict[str, Decimal]:
    return {"USD": Decimal(1), "EUR": draw(RATE), "JPY": draw(RATE)}


@st.composite
def histories(draw: st.DrawFn) -> tuple[Books, Market]:
    """Any books, and the market at their end."""
    books = Books()
    for _ in range(draw(st.integers(1, 30))):
        rates, kind = rates_of(draw), draw(KINDS)
        symbol, amount = draw(st.sampled_from(list(LISTED))), draw(AMOUNT)
        money = Money(abs(amount), LISTED[symbol])
        if kind == "flow":
            books.book(flow_entries(Money(amount, money.currency)), rates)
        elif kind == "fill":
            books.trade(symbol, amount, draw(RATE), rates)
        elif kind == "income":
            books.book(income_entries(draw(st.sampled_from(list(INCOME))), money, symbol), rates)
        elif kind == "expense":
            books.book(expense_entries(draw(st.sampled_from(list(EXPENSES))), money, symbol), rates)
        else:
            other = CURRENCIES[(CURRENCIES.index(money.currency) + 1) % 3]
            books.book(fx_entries(money, Money(draw(RATE), other)), rates)
    strategies = st.sampled_from(["momentum", "carry", ""])
    lines = [
        replace(line, strategy=draw(strategies), portfolio=draw(strategies)) for line in books.lines
    ]
    prices = {symbol: draw(RATE) for symbol in LISTED}
    return replace(books, lines=lines), Market(prices, rates_of(draw))


def worth(entries: list[Entry], market: Market) -> Decimal:
    """What cash and positions are worth, read from the balances alone."""
    total = Decimal(0)
    for entry in entries:
        if entry.ledger_account.startswith("assets:positions:"):
            local = exact_product(entry.quantity or Decimal(0), market.prices[entry.instrument])
        elif entry.ledger_account.startswith("assets:"):
            local = entry.amount
        else:
            continue
        total = EXACT.add(total, exact_product(local, market.rates[entry.currency]))
    return total


@given(histories())
@settings(max_examples=150, deadline=None)
def test_the_parts_sum_to_the_worth_less_what_was_paid_in(history: tuple[Books, Market]) -> None:
    books, market = history
    paid_in = exact_sum(
        exact_product(-line.entry.amount, line.rate)
        for line in books.lines
        if line.entry.ledger_account == CAPITAL
    )

    found = pnl_of(books.lines, market)

    assert found.total == EXACT.subtract(worth(books.entries, market), paid_in)


@given(histories(), st.sampled_from([by_position, by_lot, by_strategy, by_portfolio]))
@settings(max_examples=150, deadline=None)
def test_groups_add_up_to_the_whole_part_by_part(
    history: tuple[Books, Market], group: Callable[[Line], str]
) -> None:
    books, market = history

    groups = pnl_by(books.lines, group, market)

    assert reduce(Pnl.__add__, groups.values(), Pnl()) == pnl_of(books.lines, market)


@given(histories(), st.data())
@settings(max_examples=100, deadline=None)
def test_two_ranges_add_up_to_both(history: tuple[Books, Market], data: st.DataObject) -> None:
    books, market = history
    at = data.draw(st.integers(0, len(books.lines)))
    between = Market({s: p * TWO for s, p in market.prices.items()}, market.rates)
    middle, end = pnl_of(books.lines[:at], between), pnl_of(books.lines, market)

    second = end - middle

    assert middle + second == end


@given(histories())
@settings(max_examples=100, deadline=None)
def test_a_fill_in_lines_is_the_same_amounts_as_its_posting(
    history: tuple[Books, Market],
) -> None:
    books, _ = history

    def sums(entries: list[Entry]) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        totals: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        for entry in entries:
            key = (entry.ledger_account, entry.currency)
            amount, quantity = totals.get(key, (Decimal(0), Decimal(0)))
            totals[key] = (
                EXACT.add(amount, entry.amount),
                EXACT.add(quantity, entry.quantity or Decimal(0)),
            )
        return {key: pair for key, pair in totals.items() if pair != (0, 0)}

    assert sums([line.entry for line in books.lines]) == sums(books.entries)


@given(histories())
@settings(max_examples=100, deadline=None)
def test_what_is_flat_has_nothing_unrealised(history: tuple[Books, Market]) -> None:
    books, market = history
    rates = dict(market.rates)
    for symbol in LISTED:
        size = exact_sum(lot.quantity for lot in books.lots.values() if lot.instrument == symbol)
        if size:
            books.trade(symbol, -size, Decimal(7), rates)

    found = pnl_of(books.lines, Market({}, rates))

    assert (found.unpriced, found.unrealised) == (frozenset(), 0)


def test_a_foreign_position_is_split_into_price_and_currency() -> None:
    """10 bought at 100 EUR when a euro was 1.10, 4 sold at 120 at 1.20, the rest at 130 at 1.25."""
    books = Books()
    for size, price, euro in (("10", "100", "1.10"), ("-4", "120", "1.20")):
        books.trade("SAP", Decimal(size), Decimal(price), {"EUR": Decimal(euro)})
    market = Market({"SAP": Decimal(130)}, {"EUR": Decimal("1.25")})

    found = pnl_by(books.lines, by_position, market)["SAP"]

    assert found.price_realised == Decimal("96")  # 80 EUR at 1.20
    assert found.fx_realised == Decimal("40")  # 400 EUR of cost, 0.10 up
    assert found.price_unrealised == Decimal("225")  # 180 EUR at 1.25
    assert found.fx_unrealised == Decimal("90")  # 600 EUR of cost, 0.15 up
    assert found.fee == Decimal("-0.805")  # 0.35 EUR at 1.10 and at 1.20
    assert found.total == Decimal("450.195")


def test_dividends_fees_and_taxes_are_parts_of_their_own() -> None:
    books, rates = Books(), {"USD": Decimal(1)}
    usd = [Money(Decimal(n), "USD") for n in (50, 3, 7, 2, 11)]
    books.book(income_entries(CashFlowKind.DIVIDEND_QUALIFIED, usd[0], "AAPL"), rates)
    books.book(expense_entries(CashFlowKind.FEE, usd[1]), rates)
    books.book(expense_entries(CashFlowKind.TAX_WITHHELD, usd[2], "AAPL"), rates)
    books.book(expense_entries(CashFlowKind.BORROW_COST, usd[3], "AAPL"), rates)
    books.book(income_entries(CashFlowKind.INTEREST, usd[4]), rates)

    found = pnl_of(books.lines, Market({}, rates))

    assert (found.dividend, found.fee, found.tax, found.interest) == (50, -5, -7, 11)
    assert (found.realised, found.unrealised, found.total) == (49, 0, 49)


def test_a_reversed_transaction_leaves_nothing() -> None:
    books, rates = Books(), {"USD": Decimal(1)}
    entries = income_entries(CashFlowKind.INTEREST, Money(Decimal(5), "USD"))
    books.book(entries, rates)
    books.book(tuple(replace(entry, amount=-entry.amount) for entry in entries), rates)

    assert pnl_of(books.lines, Market({}, rates)) == Pnl()


def test_deposits_are_no_pnl_but_their_currency_is() -> None:
    books = Books()
    books.book(flow_entries(Money(Decimal(100), "EUR")), {"EUR": Decimal("1.10")})

    found = pnl_of(books.lines, Market({}, {"EUR": Decimal("1.25")}))

    assert (found.fx_realised, found.total) == (15, 15)


def test_an_exchange_away_from_the_days_rate_costs_currency() -> None:
    books, rates = Books(), {"USD": Decimal(1), "EUR": Decimal("1.10")}
    books.book(fx_entries(Money(Decimal(111), "USD"), Money(Decimal(100), "EUR")), rates)

    assert pnl_of(books.lines, Market({}, rates)).fx_realised == -1


def test_without_a_price_what_is_unrealised_is_unknown_and_named() -> None:
    books = Books()
    books.trade("SAP", Decimal(10), Decimal(100), {"EUR": Decimal(1)})

    found = pnl_of(books.lines, Market({}, {"EUR": Decimal(1)}))

    assert (found.unpriced, found.unrealised, found.total) == ({"SAP"}, None, None)
    assert found.realised == Decimal("-0.35")


def test_without_a_rate_the_currency_is_named() -> None:
    books = Books()
    books.trade("SAP", Decimal(10), Decimal(100), {"EUR": Decimal(1)})

    assert pnl_of(books.lines, Market({"SAP": Decimal(1)}, {})).unpriced == {"EUR"}


def test_an_unknown_ledger_account_is_never_left_out() -> None:
    line = Line(Entry("income:luck", "USD", Decimal(-5)), Decimal(1))

    with pytest.raises(ValueError, match="income:luck is no part of P&L"):
        Tally().take(line)


def test_every_ledger_account_that_the_books_write_is_some_part() -> None:
    sources = Path(pnl.__file__).parent.rglob("*.py")
    named = {
        name
        for path in sources
        for name in re.findall(r'"((?:income|expenses|equity|assets):[a-z_:]+)"', path.read_text())
    }
    assert {"income:realised", "expenses:commission", "equity:fx"} <= named

    for name in named:
        Tally().take(Line(Entry(name, "USD", Decimal(1)), Decimal(1)))


def test_no_lines_are_no_pnl() -> None:
    assert pnl_of([], Market({}, {})) == Pnl()
    assert all(getattr(Pnl(), one.name) in (0, frozenset()) for one in fields(Pnl))
