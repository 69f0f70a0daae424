"""Where the P&L came from: price, dividends, interest, currency, fees and taxes, to the last digit.

Everything is a sum over the ledger's lines, each at the rate of its day, and the market's prices
and rates at the end. So any grouping of the lines (by lot, position, strategy, portfolio) adds up
to the whole, a range is the difference of its two ends, and the parts are exactly what the books
are worth less what was paid in. Nothing is divided and nothing is rounded.

Where price and currency both moved, the local gain is price, at the closing rate, and the change
of the rate on the cost is currency: the cross term belongs to price, and no remainder is left.
Cash is a monetary item, so what its rate does is realised (IAS 21, paragraph 28).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.portfolio.ledger import (
    CAPITAL,
    CASH,
    COMMISSION,
    FX,
    REALISED,
    Entry,
    position_account,
)
from bifrost.portfolio.lots import LotChange

NOTHING = Decimal(0)
POSITIONS = position_account("")
# What a line of these ledger accounts, or of those below them, is a part of; the first that fits.
PART_OF = (
    (REALISED, "price_realised"),
    ("income:dividends", "dividend"),
    ("expenses:dividends_on_shorts", "dividend"),
    ("income:interest", "interest"),
    (COMMISSION, "fee"),
    ("expenses:fees", "fee"),
    ("expenses:borrow", "fee"),
    ("expenses:rounding", "fee"),
    ("expenses:tax_withheld", "tax"),
    (FX, "fx_realised"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger, with what its P&L depends on.

    rate: what one unit of its currency was worth in the base currency when it was booked.
    opened_rate: of a line that takes cost out of a position, the rate at which it had come in.
    """

    entry: Entry
    rate: Decimal
    opened_rate: Decimal | None = None
    lot_id: str = ""
    strategy: str = ""
    portfolio: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """Prices by instrument, each in its own currency, and rates by currency (the base has 1)."""

    prices: Mapping[str, Decimal]
    rates: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Pnl:
    """P&L in the base currency, by part; costs are negative.

    unpriced: instruments held without a price, and currencies without a rate. While there are any,
    what is unrealised, and so the total, is unknown.
    unrated: those of them that are currencies.
    unattributed: instruments of which an issuer's act is not known to be whose, where P&L is that
    of strategies: realised parts and dividends lack it, and what is unrealised is unknown. Of a
    lot: what it was called, where its gain is not known, or not known to be whose.
    """

    price_realised: Decimal = NOTHING
    price_unrealised: Decimal = NOTHING
    dividend: Decimal = NOTHING
    interest: Decimal = NOTHING
    fx_realised: Decimal = NOTHING
    fx_unrealised: Decimal = NOTHING
    fee: Decimal = NOTHING
    tax: Decimal = NOTHING
    unpriced: frozenset[str] = frozenset()
    unrated: frozenset[str] = frozenset()
    unattributed: frozenset[str] = frozenset()

    @property
    def realised(self) -> Decimal:
        """Net of fees and taxes."""
        return exact_sum(
            (self.price_realised, self.dividend, self.interest, self.fx_realised, self.fee,
             self.tax)
        )  # fmt: skip

    @property
    def unrealised(self) -> Decimal | None:
        """Of what is held; None while a price or a rate is missing, or it is not known whose."""
        if self.unpriced or self.unattributed:
            return None
        return EXACT.add(self.price_unrealised, self.fx_unrealised)

    @property
    def total(self) -> Decimal | None:
        """All parts, so net of fees and taxes; None while what is unrealised is."""
        held = self.unrealised
        return None if held is None else EXACT.add(self.realised, held)

    @property
    def gross(self) -> Decimal | None:
        """What it would be without fees and taxes; None while what is unrealised is."""
        net = self.total
        return None if net is None else EXACT.subtract(net, EXACT.add(self.fee, self.tax))

    def __add__(self, other: "Pnl") -> "Pnl":
        return self._with(other, EXACT.add)

    def __sub__(self, other: "Pnl") -> "Pnl":
        """P&L of a range: up to its end, less up to its beginning."""
        return self._with(other, EXACT.subtract)

    def _with(self, other: "Pnl", combine: Callable[[Decimal, Decimal], Decimal]) -> "Pnl":
        parts = {
            one.name: combine(getattr(self, one.name), getattr(other, one.name))
            for one in fields(self)
            if one.type is Decimal
        }
        return Pnl(
            **parts,
            unpriced=self.unpriced | other.unpriced,
            unrated=self.unrated | other.unrated,
            unattributed=self.unattributed | other.unattributed,
        )


@dataclass(slots=True)
class _Held:
    """What lines of one position, or of one currency's cash, sum to; `base` at their own rates."""

    quantity: Decimal = NOTHING
    amount: Decimal = NOTHING
    base: Decimal = NOTHING


@dataclass(slots=True)
class Tally:
    """Lines, added up one by one: as large as the positions are many, however long the ledger."""

    parts: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, str], _Held] = field(default_factory=dict)
    money: dict[str, _Held] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Add a line. One of a ledger account that is no part of P&L is a fault of ours."""
        entry = line.entry
        if entry.ledger_account.startswith(POSITIONS):
            self._take_position(line)
        elif is_below(entry.ledger_account, "assets") or is_below(
            entry.ledger_account, "liabilities"
        ):
            held = self.money.setdefault(entry.currency, _Held())
            held.amount = EXACT.add(held.amount, entry.amount)
            held.base = EXACT.add(held.base, exact_product(entry.amount, line.rate))
        elif not is_below(entry.ledger_account, CAPITAL):
            self._add(_part_of(entry), EXACT.minus(exact_product(entry.amount, line.rate)))

    def pnl(self, market: Market) -> Pnl:
        """Value what is held and return the P&L up to now."""
        parts = dict(self.parts)
        unpriced: set[str] = set()
        unrated: set[str] = set()
        for currency, held in self.money.items():
            rate = _rate(held.amount, currency, market, unrated)
            gained = EXACT.subtract(exact_product(held.amount, rate), held.base)
            _grow(parts, "fx_realised", gained)
        for (instrument, currency), held in self.positions.items():
            price = market.prices.get(instrument, NOTHING)
            if held.quantity and instrument not in market.prices:
                unpriced.add(instrument)
            rate = _rate(held.amount or held.quantity, currency, market, unrated)
            value = exact_product(held.quantity, price)
            over_cost = EXACT.subtract(value, held.amount)
            at_cost = EXACT.subtract(exact_product(held.amount, rate), held.base)
            _grow(parts, "price_unrealised", exact_product(over_cost, rate))
            _grow(parts, "fx_unrealised", at_cost)
        return Pnl(
            **parts,
            unpriced=frozenset(unpriced | unrated),
            unrated=frozenset(unrated),
            unattributed=frozenset(),
        )

    def _take_position(self, line: Line) -> None:
        entry = line.entry
        instrument = entry.ledger_account.removeprefix(POSITIONS)
        held = self.positions.setdefault((instrument, entry.currency), _Held())
        opened = line.rate if line.opened_rate is None else line.opened_rate
        held.quantity = EXACT.add(held.quantity, entry.quantity or NOTHING)
        held.amount = EXACT.add(held.amount, entry.amount)
        held.base = EXACT.add(held.base, exact_product(entry.amount, opened))
        moved = EXACT.subtract(opened, line.rate)
        self._add("fx_realised", exact_product(entry.amount, moved))

    def _add(self, part: str, amount: Decimal) -> None:
        _grow(self.parts, part, amount)


def pnl_of(lines: Iterable[Line], market: Market) -> Pnl:
    """P&L of all the lines together."""
    return pnl_by(lines, lambda _: "", market).get("", Pnl())


def pnl_by(lines: Iterable[Line], group: Callable[[Line], str], market: Market) -> dict[str, Pnl]:
    """P&L of each group of the lines; they add up to that of all, part by part."""
    tallies: dict[str, Tally] = {}
    for line in lines:
        tallies.setdefault(group(line), Tally()).take(line)
    return {name: tally.pnl(market) for name, tally in tallies.items()}


def by_position(line: Line) -> str:
    """Group by instrument; what no instrument caused, and all cash, stands under an empty name."""
    return line.entry.instrument


def by_lot(line: Line) -> str:
    """Group by lot; commissions, and what no lot caused, stand under an empty name."""
    return line.lot_id


def by_strategy(line: Line) -> str:
    """Group by strategy."""
    return line.strategy


def by_portfolio(line: Line) -> str:
    """Group by portfolio."""
    return line.portfolio


def fill_lines(
    fill: Fill, change: LotChange, rate: Decimal, opened_rates: Mapping[str, Decimal]
) -> tuple[Line, ...]:
    """Write a fill lot by lot: the same amounts as `ledger.fill_entries`, in more lines.

    opened_rates: by lot, the rate on the day on which it was opened.
    """
    symbol, currency = fill.instrument, fill.currency
    account = position_account(symbol)
    paid = EXACT.add(exact_product(fill.signed_quantity, fill.price), fill.commission)
    lines = [Line(Entry(CASH, currency, EXACT.minus(paid)), rate)]
    if fill.commission:
        lines.append(Line(Entry(COMMISSION, currency, fill.commission, symbol), rate))
    for one in change.closures:
        cost, quantity = EXACT.minus(one.cost), EXACT.minus(one.quantity)
        opened = opened_rates[one.lot_id]
        out = Entry(account, currency, cost, symbol, quantity)
        gain = Entry(REALISED, currency, EXACT.minus(one.realised), symbol)
        lines += [Line(out, rate, opened, one.lot_id), Line(gain, rate, lot_id=one.lot_id)]
    if change.opened:
        lot = change.opened
        entry = Entry(account, currency, lot.cost, symbol, lot.quantity)
        lines.append(Line(entry, rate, lot_id=lot.lot_id))
    return tuple(lines)


def _rate(needed: Decimal, currency: str, market: Market, unrated: set[str]) -> Decimal:
    """The rate at the end; one that is missing but needed is named."""
    if needed and currency not in market.rates:
        unrated.add(currency)
    return market.rates.get(currency, NOTHING)


def _part_of(entry: Entry) -> str:
    for account, part in PART_OF:
        if is_below(entry.ledger_account, account):
            return part
    raise ValueError(f"{entry.ledger_account} is no part of P&L: say which in pnl.py")


def is_below(ledger_account: str, top: str) -> bool:
    """Say whether a ledger account is another or stands below it."""
    return ledger_account == top or ledger_account.startswith(f"{top}:")


def _grow(parts: dict[str, Decimal], part: str, amount: Decimal) -> None:
    parts[part] = EXACT.add(parts.get(part, NOTHING), amount)
