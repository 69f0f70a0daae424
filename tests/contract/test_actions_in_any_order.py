"""Whatever happens in whatever order, the stored books are those that the journal tells.

Fills come late and out of order, bars too; actions are announced before or after their day,
corrected, withdrawn and announced again; cash flows are booked between and reversed. After each
of these, lots, balances and what closed which lot are the rebuild's, to the last digit, and the
shares are those that a custodian counts, who knows of no lots and nothing of the books.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.backtest.entitlements import Traded, holdings_after
from bifrost.core.corporate_actions import (
    CorporateAction,
)
from bifrost.core.errors import ConflictError, InvalidInputError
from bifrost.portfolio.cash_flows import CashFlowKind
from bifrost.portfolio.lot_selection import LotMethod, Security, Selection
from bifrost.portfolio.lots import LotPart
from bifrost.portfolio.rebuild import standing_actions
from bifrost.portfolio.rebuilding import rebuild_account
from tests.action_builders import EVERY_KIND, action
from tests.builders import session
from tests.contract.acting_desk import ActingDesk, new_desk
from tests.postgres_server import Server

DAYS = 8
SYMBOLS = ("AAPL", "AAPL", "BIG", "SPUN")

TERMS = st.sampled_from(EVERY_KIND)


CHOICES = ("lifo", "hifo", "specific", "average_cost", "account")


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happens to the desk; `values` are what its method takes."""

    what: str
    values: tuple[Any, ...]


@st.composite
def actions(draw: st.DrawFn) -> list[CorporateAction]:
    """Up to three actions, each with up to three revisions."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        for revision in range(1, draw(st.integers(1, 3)) + 1):
            day = draw(st.integers(1, DAYS))
            paid = draw(st.none() | st.integers(0, 4))
            made.append(
                action(
                    draw(TERMS),
                    f"a-{number}",
                    ex_date=session(day),
                    pay_date=None if paid is None else session(day) + timedelta(days=paid),
                    revision=revision,
                    withdrawn=revision > 1 and draw(st.booleans()),
                )
            )
    return made


@st.composite
def happenings(draw: st.DrawFn) -> list[Told]:
    """What happens, in the order in which the desk hears of it."""
    sizes = st.integers(-40, 40).filter(bool)
    days = draw(st.lists(st.integers(1, DAYS), min_size=1, max_size=7))
    fills = [
        Told(
            "fill",
            (
                day,
                str(draw(sizes)),
                f"{draw(st.integers(50, 90000))}E-2",
                draw(st.sampled_from(SYMBOLS)),
            ),
        )
        for day in days
    ]
    told = [Told("hear", (one,)) for one in draw(actions())]
    told += [Told("open", (day,)) for day in draw(st.lists(st.integers(1, DAYS), max_size=4))]
    told += [
        Told("flow", (kind, f"{draw(st.integers(1, 9999))}E-2"))
        for kind in draw(st.lists(st.sampled_from(["return_of_capital", "fee"]), max_size=2))
    ]
    told += [Told("undo", ()) for _ in range(draw(st.integers(0, 1)))]
    told += [
        Told("choose", (method,)) for method in draw(st.lists(st.sampled_from(CHOICES), max_size=3))
    ]
    order = draw(st.permutations([*fills, *told]))
    numbers = {id(one): number for number, one in enumerate(fills)}
    return [
        replace(one, values=(numbers[id(one)],)) if one.what == "fill" else one for one in order
    ] + [Told("fills", tuple(one.values for one in fills))]


class Teller:
    """Lets things happen; what the desk refuses has not happened."""

    def __init__(self, desk: ActingDesk, fills: tuple[Any, ...]) -> None:
        self._desk = desk
        self._flows: list[str] = []
        # Every other fill is of the order for which lots may be named.
        orders: list[dict[str, Any]] = [
            {"order_id": "chosen"} if number % 2 else {} for number in range(len(fills))
        ]
        self._fills = [
            desk.made(*values, **order) for values, order in zip(fills, orders, strict=True)
        ]

    def happen(self, told: Told) -> None:
        """Let one thing happen."""
        getattr(self, f"_{told.what}")(*told.values)

    def _fill(self, number: int) -> None:
        self._desk.service.hear_fill(self._fills[number])

    def _hear(self, one: CorporateAction) -> None:
        self._desk.hear(one)

    def _open(self, day: int) -> None:
        self._desk.open(day)

    def _flow(self, kind: str, amount: str) -> None:
        try:
            self._flows.append(self._desk.flow(CashFlowKind(kind), amount))
        except InvalidInputError:
            return

    def _undo(self) -> None:
        try:
            if self._flows:
                self._desk.undo(self._flows.pop())
        except ConflictError:
            return

    def _choose(self, method: str) -> None:
        lots = self._desk.rows("SELECT lot_id, quantity FROM portfolio.lots WHERE quantity > 1")
        try:
            if method in ("average_cost", "account"):
                self._desk.choose_for("AAPL", LotMethod(method), Security.FUND)
            elif method != "specific":
                self._desk.choose(Selection(LotMethod(method)))
            elif lots:
                part = LotPart(lots[-1]["lot_id"], Decimal(1))
                self._desk.choose(Selection(LotMethod.SPECIFIC, (part,)), "chosen")
        except (ConflictError, InvalidInputError):
            return


def counted(desk: ActingDesk) -> dict[str, Decimal]:
    """What a custodian holds after the same trades and the actions that stand."""
    trades = [
        Traded(one.fill.occurred_at.date(), one.fill.instrument, one.fill.signed_quantity)
        for one in desk.fills
    ]
    positions = holdings_after(trades, standing_actions(desk.vendor)).positions
    return {name: quantity for name, quantity in positions.items() if quantity}


@settings(max_examples=25, deadline=None)
@given(told=happenings())
def test_the_stored_books_are_what_the_journal_tells(
    postgres_server: Server, told: list[Told]
) -> None:
    *happened, fills = told
    with new_desk(postgres_server) as desk:
        teller = Teller(desk, fills.values)
        for one in happened:
            teller.happen(one)
            assert rebuild_account(desk.library, desk.account_id, "USD").differences == ()
        desk.open(DAYS + 1)

        assert desk.stored() == desk.rebuilt()
        worth = desk.worth(desk.account_id)
        assert worth.imbalance == 0
        assert desk.told()[0] == desk.held()
        assert {name: held for name, (held, _) in desk.held().items() if held} == counted(desk)
