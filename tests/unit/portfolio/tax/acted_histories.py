"""Histories of trades between corporate actions, made of numbers as those without actions are.

One number in five is an action on a stock that is traded then. Trades have the names and counts
of their day, and what an account without margin cannot sell becomes a purchase.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    DividendKind,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
    Terms,
)
from bifrost.core.orders import Side
from bifrost.portfolio.tax.elections import Elections
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.kept import Act, Kept
from bifrost.portfolio.tax.policy import Policy
from tests.unit.portfolio.tax.histories import ACCOUNTS, CALL, DAYS, Place, history_of

Book = tuple[str, str, str]
RATIOS = (Decimal("0.5"), Decimal(1), Decimal(2), Decimal("0.3"))
SPLITS = ((2, 1), (1, 3), (3, 2), (1, 2))


@dataclass(frozen=True, slots=True)
class Acted:
    """What is asked."""

    trades: tuple[Trade, ...]
    kept: Kept
    elections: Elections


def acted_histories(*, options: bool = False, rows: int = 14) -> st.SearchStrategy[Acted]:
    """Draw histories of up to so many rows and actions together."""
    numbers = st.integers(0, 2**32 - 1)
    lengths = st.integers(1, rows)
    return lengths.flatmap(
        lambda length: st.lists(numbers, min_size=1 + length, max_size=1 + length)
    ).map(lambda drawn: acted_of(drawn[0], drawn[1:], options=options))


def acted_of(choice: int, numbers: Sequence[int], *, options: bool) -> Acted:
    """Make a row or an action of each number."""
    first, many = (choice >> 8) % len(ACCOUNTS), 1 + (choice >> 12) % 4
    market = _Market((ACCOUNTS * 2)[first : first + many], (CALL,) if options else ())
    for number in numbers:
        market.step(number)
    known = history_of(choice, [0] * 6, shorts=True).elections
    owners = {trade.owner for trade in market.trades}
    spouses = known.spouses if owners >= {"alice", "bob"} else ()
    chosen = dict(known.policy.chosen)
    if choice & 64:
        chosen["predecessors"] = "distinct"
    elections = replace(known, spouses=spouses, policy=Policy(chosen))
    return Acted(tuple(market.trades), Kept(acts=tuple(market.acts)), elections)


class _Market:
    """long, short: what each book has, in shares of the day. live: what is traded."""

    def __init__(self, accounts: Sequence[Place], options: Sequence[str]) -> None:
        self.trades: list[Trade] = []
        self.acts: list[Act] = []
        self._accounts = accounts
        self._options = options
        self._live = ["XYZ", "QQQ"]
        self._day = date(2015, 11, 20)
        self._long: dict[Book, Fraction] = defaultdict(Fraction)
        self._short: dict[Book, Fraction] = defaultdict(Fraction)

    def step(self, number: int) -> None:
        self._day += timedelta(DAYS[number & 15])
        days = [one.on for one in self.trades[-1:]] + [one.action.ex_date for one in self.acts[-1:]]
        if (number >> 4 & 15) < 4 and self.trades and max(days) < self._day:
            self._act(number >> 8)
        else:
            self._trade(number >> 4)

    def _trade(self, number: int) -> None:
        owner, account, kind = self._accounts[(number >> 4 & 3) % len(self._accounts)]
        names = [*self._live, self._live[0], *self._options]
        instrument = names[(number >> 6 & 7) % len(names)]
        size, price = 1 + (number >> 12 & 7), number >> 15 & 127
        book = (owner, account, instrument)
        is_sale = (number >> 9 & 7) < 5 and (kind.may_short or self._long[book] >= 1)
        if is_sale and not kind.may_short:
            size = min(size, int(self._long[book]))
        own, other = (self._short, self._long) if is_sale else (self._long, self._short)
        against = min(Fraction(size), other[book])
        other[book] -= against
        own[book] += size - against
        self.trades.append(
            Trade(
                line=self._line,
                on=self._day,
                owner=owner,
                account=account,
                kind=kind,
                instrument=instrument,
                side=Side.SELL if is_sale else Side.BUY,
                quantity=Decimal(size),
                amount=Decimal(size * (1000 + price * 15)) / 100,
            )
        )

    def _act(self, number: int) -> None:
        name = self._live[(number & 7) % len(self._live)]
        action = CorporateAction(
            action_id=f"a{len(self.acts)}",
            vendor="acme",
            revision=1,
            instrument=name,
            currency="USD",
            ex_date=self._day,
            **{_field(terms): terms for terms in [self._terms(name, number >> 3)]},  # type: ignore[arg-type]  # one of its terms, by its name
        )
        self.acts.append(Act(self._line, action))
        for held in (self._long, self._short):
            self._apply(action, held)

    def _terms(self, name: str, number: int) -> Terms:
        ratio, amount = RATIOS[number >> 3 & 3], Decimal(number >> 5 & 255) / 8
        fresh = f"N{len(self.acts)}"
        others = [one for one in self._live if one != name]
        match number & 7:
            case 0:
                new, old = SPLITS[number >> 3 & 3]
                return Split(Decimal(new), Decimal(old))
            case 1:
                return StockDividend(ratio)
            case 2 | 3:
                self._live.append(fresh)
                return SpinOff(fresh, ratio, Decimal(number >> 5 & 7) / 7 // Decimal("0.01") / 100)
            case 4 | 5 if others:
                self._live.remove(name)
                cash = amount if number & 1 else Decimal(0)
                worth = Decimal(10) / ratio
                return Merger(cash, others[-1], ratio, worth)
            case 6:
                self._live[self._live.index(name)] = fresh
                return Rename(fresh)
            case _:
                return CashDividend(DividendKind.RETURN_OF_CAPITAL, amount + 1)

    def _apply(self, action: CorporateAction, held: dict[Book, Fraction]) -> None:
        for book in [one for one in held if one[2] == action.instrument]:
            new = (*book[:2], action.new_instrument)
            match action.terms:
                case Split() | StockDividend() as terms:
                    held[book] *= terms.ratio
                case SpinOff() as spun:
                    held[new] += held[book] * Fraction(spun.shares_per_share)
                case Merger() as merged:
                    held[new] += held.pop(book) * Fraction(merged.shares_per_share)
                case Rename():
                    held[new] += held.pop(book)
                case _:
                    pass

    @property
    def _line(self) -> int:
        return len(self.trades) + 2


def _field(terms: Terms) -> str:
    return {
        Split: "split",
        StockDividend: "stock_dividend",
        SpinOff: "spin_off",
        Merger: "merger",
        Rename: "rename",
        CashDividend: "cash_dividend",
    }[type(terms)]
