"""Histories of an account at random: trades of strategies, prices, issuers' acts and imports.

Everything may come late, be corrected, withdrawn, reversed or undone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from bifrost.adapters.memory.ids import CountedIds
from bifrost.adapters.postgres.database import Database
from bifrost.core.corporate_actions import (
    CorporateAction,
    SpinOff,
)
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.imports.formats import Format
from bifrost.portfolio.imports.mapping import NO_MAPPING
from bifrost.portfolio.imports.service import ImportRequest, Imports, UndoRequest
from bifrost.portfolio.lot_selection import LotMethod, Security, Selection
from tests.action_builders import EVERY_KIND, action
from tests.builders import bar, bar_closed, session
from tests.contract.acting_desk import ActingDesk
from tests.postgres_server import Server

DAYS = 6
STRATEGIES = ("", "s-1", "s-2")
OWN = ("AAPL", "AAPL", "BIG", "SPUN")
IMPORTED = ("IBM", "IBM", "OLD")
_HEADER = "date,kind,instrument,quantity,price,amount,commission,reference\n"

_TERMS = st.sampled_from(EVERY_KIND)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happens; `values` are what the desk's method takes."""

    what: str
    values: tuple[Any, ...]


class ToldDesk(ActingDesk):
    """An account to which things happen; what is refused has not happened."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.imports = Imports(self.library, self.clock, CountedIds("import-"))
        # By the lot that a fill opens, whose order it filled.
        self.traders: dict[str, str] = {}
        self._flows: list[str] = []
        self._imported: list[str] = []

    def happen(self, told: Told) -> None:
        """Let one thing happen."""
        try:
            getattr(self, f"_{told.what}")(*told.values)
        except (ConflictError, InvalidInputError):
            return

    def _fill(self, day: int, size: str, at: str, symbol: str, strategy: str) -> None:
        made = replace(self.made(day, size, at, symbol), strategy_id=strategy)
        self.traders[f"paper:{made.fill.execution_id}"] = strategy
        self.service.hear_fill(made)

    def _hear(self, one: CorporateAction) -> None:
        self.hear(one)

    def _price(self, day: int, at: str, symbol: str) -> None:
        self.open(day)
        self.service.hear_bar(bar_closed(bar(day, at, instrument=symbol), day))

    def _flow(self, kind: str, amount: str, symbol: str) -> None:
        self._flows.append(self.flow(CashFlowKind(kind), amount, symbol))

    def _undo(self) -> None:
        if self._flows:
            self.undo(self._flows.pop())

    def _choose(self, method: str) -> None:
        self.choose(Selection(LotMethod(method)))

    def _average(self, symbol: str) -> None:
        self.choose_for(symbol, LotMethod.AVERAGE_COST, Security.FUND)

    def _bring_in(self, rows: str) -> None:
        asked = ImportRequest("ann", self.account_id, Format.OWN, _HEADER + rows, NO_MAPPING)
        self._imported.append(self.imports.commit(asked, self._key()).import_id)

    def _take_back(self) -> None:
        if self._imported:
            self.imports.undo(
                UndoRequest("ann", self.account_id, self._imported.pop(), "wrong file")
            )


@contextmanager
def told_desk(server: Server) -> Iterator[ToldDesk]:
    """A desk of its own for each history; its market has a time."""
    with server.fresh_database() as name:
        database = Database(server.address("bifrost_portfolio", name))
        try:
            desk = ToldDesk(database)
            desk.open(1)
            yield desk
        finally:
            database.close()


_DAY = st.integers(1, DAYS)
_PRICE = st.integers(50, 90000).map(lambda cents: f"{cents}E-2")
_SIZE = st.integers(-40, 40).filter(bool)


@st.composite
def actions(draw: st.DrawFn) -> list[Told]:
    """Up to three actions, each with up to two revisions."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        for revision in range(1, draw(st.integers(1, 2)) + 1):
            day, paid = draw(_DAY), draw(st.none() | st.integers(0, 4))
            terms = draw(_TERMS)
            of = ("AAPL", "IBM") if isinstance(terms, SpinOff) else ("AAPL", "IBM", "SPUN")
            one = action(
                terms,
                f"a-{number}",
                instrument=draw(st.sampled_from(of)),
                ex_date=session(day),
                pay_date=None if paid is None else session(day) + timedelta(days=paid),
                revision=revision,
                withdrawn=revision > 1 and draw(st.booleans()),
            )
            made.append(Told("hear", (one,)))
    return made


@st.composite
def fills(draw: st.DrawFn) -> list[Told]:
    """Trades, in any order of their days."""
    return [
        Told(
            "fill",
            (draw(_DAY), str(draw(_SIZE)), draw(_PRICE), draw(st.sampled_from(OWN)),
             draw(st.sampled_from(STRATEGIES))),
        )
        for _ in range(draw(st.integers(1, 7)))
    ]  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> list[Told]:
    """Histories from elsewhere, each of a few days, and perhaps one taken back."""
    made = []
    for number in range(draw(st.integers(1, 2))):
        rows = ["2012-01-01,deposit,,,,90000,,"]
        for row in range(draw(st.integers(1, 3))):
            kind = (
                "buy" if row == 0 else draw(st.sampled_from(["buy", "sell", "return_of_capital"]))
            )
            symbol, day = draw(st.sampled_from(IMPORTED)), session(draw(_DAY)).isoformat()
            if kind == "return_of_capital":
                rows.append(
                    f"{day},{kind},{symbol},,,{draw(st.integers(1, 500))}.5,,{number}-{row}"
                )
                continue
            size = draw(st.integers(1, 20)) + (20 if row == 0 else 0)
            rows.append(f"{day},{kind},{symbol},{size},{draw(_PRICE)},,,{number}-{row}")
        made.append(Told("bring_in", ("\n".join(rows) + "\n",)))
    made += [Told("take_back", ()) for _ in range(draw(st.integers(0, 1)))]
    return made


@st.composite
def histories(draw: st.DrawFn, /, *, may_undo: bool = True) -> list[Told]:
    """What happens, in the order in which the desk hears of it."""
    told = [*draw(fills()), *draw(actions()), *draw(files())]
    told += [
        Told("price", (draw(_DAY), draw(_PRICE), draw(st.sampled_from((*OWN, *IMPORTED)))))
        for _ in range(draw(st.integers(2, 8)))
    ]
    told += [
        Told("flow", (kind, f"{draw(st.integers(1, 9999))}E-2", symbol))
        for kind, symbol in draw(
            st.lists(
                st.sampled_from(
                    [("return_of_capital", "AAPL"), ("return_of_capital", "IBM"), ("fee", "")]
                ),
                max_size=2,
            )
        )
    ]
    told += [Told("undo", ()) for _ in range(draw(st.integers(0, 1)) if may_undo else 0)]
    told += [
        Told("choose", (method,))
        for method in draw(st.lists(st.sampled_from(["lifo", "hifo"]), max_size=1))
    ]
    symbols = draw(st.lists(st.sampled_from(("AAPL", "AAPL", "IBM")), max_size=1))
    told += [Told("average", (symbol,)) for symbol in symbols]
    return draw(st.permutations(told))
