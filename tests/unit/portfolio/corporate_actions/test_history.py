"""The log of fills, cash and actions rebuilds the books, and a correction leads to the right ones.

A split, a spin-off, a stock merger and a rename meet a held position and an open order; then the
vendor withdraws the split and announces it again, after later sales have closed other lots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.corporate_actions import Merger, Rename, SpinOff, Terms
from bifrost.core.fills import Fill
from bifrost.core.money import EXACT
from bifrost.core.orders import OrderType, Side
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected, Event
from bifrost.execution.corporate_actions import CancelledByAction, OpenOrder, Step, after
from bifrost.portfolio.rebuild import rebuild, transactions
from bifrost.portfolio.replaying import Rebuilt, Transaction
from tests.action_builders import action, announced, corrected, dividend, split
from tests.builders import (
    cash_deposited,
    closes_at,
    fill,
    fill_recorded,
    instrument,
    price,
    quantity,
    session,
)

SPLIT = action(split("4", "1"), "split", ex_date=session(3))
SPIN_OFF = action(
    SpinOff("SPUN", Decimal("0.1"), Decimal("0.25"), Decimal(50), Decimal(50)),
    "spin-off",
    ex_date=session(5),
)
MERGER = action(
    Merger(new_instrument="BIG", shares_per_share=Decimal("0.5")),
    "merger",
    ex_date=session(7),
)
RENAME = action(Rename("HUGE"), "rename", ex_date=session(9), instrument="BIG")
ACTIONS = (SPLIT, SPIN_OFF, MERGER, RENAME)
ORDER = OpenOrder(
    order_id="o-1",
    instrument="AAPL",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=quantity(10),
    limit_price=price("400"),
)


def on(day: int, number: int, size: str, at: str, symbol: str = "AAPL") -> Fill:
    """A fill at the close of the day-th session."""
    return fill(number, size, at, instrument=symbol, occurred_at=closes_at(day))


def log(*fills: Fill) -> list[Event]:
    """A deposit and fills in their sequence."""
    numbered = [fill_recorded(one, n) for n, one in enumerate(fills, start=1)]
    return [cash_deposited("100000"), *numbered]


BOUGHT = log(on(1, 1, "10", "420"), on(2, 2, "5", "480"))
SOLD = log(
    on(1, 1, "10", "420"),
    on(2, 2, "5", "480"),
    on(4, 3, "-50", "130"),
    on(10, 4, "-3", "400", "HUGE"),
)


def balances(posted: Iterable[Transaction]) -> dict[tuple[str, str], Decimal]:
    """What each ledger account sums to, those at zero left out."""
    books = Rebuilt()
    for transaction in posted:
        books.post(transaction)
    return {name: amount for name, amount in books.balances.items() if amount}


def state(books: Rebuilt) -> tuple[object, ...]:
    """Everything the books say."""
    kept = {name: amount for name, amount in books.balances.items() if amount}
    return (books.lots, kept)


def test_each_action_in_turn_leaves_the_right_position() -> None:
    events = [*BOUGHT, *map(announced, ACTIONS)]

    def held(day: int) -> dict[str, tuple[Decimal, Decimal]]:
        return rebuild(events, through=session(day)).positions()

    assert held(2) == {"AAPL": (15, 6600)}
    assert held(3) == {"AAPL": (60, 6600)}
    assert held(5) == {"AAPL": (60, 4950), "SPUN": (6, 1650)}
    assert held(7) == {"BIG": (30, 4950), "SPUN": (6, 1650)}
    assert held(9) == {"HUGE": (30, 4950), "SPUN": (6, 1650)}
    assert rebuild(events).cash == 100000 - 6600
    assert rebuild(events).realised_pnl == 0


def test_the_open_order_goes_with_them_and_ends_with_the_merger() -> None:
    def order_after(*steps: Step) -> OpenOrder | CancelledByAction | None:
        return after(ORDER, steps, instrument())

    assert order_after(SPLIT) == replace(ORDER, quantity=quantity(40), limit_price=price("100"))
    # A tenth of a share worth 50 was distributed.
    assert order_after(SPLIT, SPIN_OFF) == replace(
        ORDER, quantity=quantity(40), limit_price=price("95")
    )
    assert order_after(SPLIT, SPIN_OFF, MERGER) == CancelledByAction(
        "o-1", "corporate_action_merger", "AAPL ends by a merger and becomes BIG"
    )
    big = replace(ORDER, instrument="BIG")
    assert after(big, [RENAME], instrument()) == replace(big, instrument="HUGE")


def test_a_sale_after_the_split_realises_against_the_split_basis() -> None:
    books = rebuild([*SOLD, *map(announced, ACTIONS)])

    # 40 of the first lot for 4,200 and 10 of the second for 1,200, sold at 130; the last 10
    # shares keep 1,200, give 300 to one share of SPUN, become 5 of HUGE, of which 3 go at 400.
    assert books.positions() == {"HUGE": (2, 360), "SPUN": (1, 300)}
    assert books.realised_pnl == (50 * 130 - 5400) + (3 * 400 - 540)
    assert books.cash == 100000 - 6600 + 50 * 130 + 3 * 400


def test_a_withdrawn_action_never_was_and_announced_again_always_was() -> None:
    events: list[Event] = [*SOLD, *map(announced, ACTIONS)]
    withdrawn = corrected(replace(SPLIT, revision=2, withdrawn=True))
    without = [*SOLD, *map(announced, (SPIN_OFF, MERGER, RENAME)), withdrawn]
    again = corrected(replace(SPLIT, revision=3))

    assert state(rebuild([*events, withdrawn])) == state(rebuild(without))
    assert state(rebuild([*events, withdrawn, again])) == state(rebuild(events))
    assert balances(transactions([*events, withdrawn])) == balances(transactions(without))


def test_an_open_order_is_corrected_by_playing_it_again() -> None:
    wrong, right = SPLIT, replace(SPLIT, split=split("3", "1"), revision=2)

    assert after(ORDER, [wrong], instrument()) == replace(
        ORDER, quantity=quantity(40), limit_price=price("100")
    )
    assert after(ORDER, [right], instrument()) == replace(
        ORDER, quantity=quantity(30), limit_price=price("133.33")
    )
    assert after(ORDER, [replace(right, withdrawn=True)], instrument()) == ORDER


def test_a_dividend_is_due_from_its_ex_date_and_cash_on_its_day() -> None:
    paid = announced(
        action(dividend("2"), ex_date=session(3), pay_date=session(3) + timedelta(days=4))
    )
    events = [*BOUGHT, paid]

    before, due, received = (rebuild(events, through=session(day)) for day in (2, 3, 7))

    assert (before.due, before.dividends) == (0, 0)
    assert (due.due, due.dividends, due.cash) == (30, 30, 100000 - 6600)
    assert (received.due, received.dividends, received.cash) == (0, 30, 100000 - 6570)


def test_who_buys_on_the_ex_date_gets_no_dividend() -> None:
    events = [*log(on(3, 1, "10", "100")), announced(action(dividend("2"), ex_date=session(3)))]

    assert rebuild(events).dividends == 0


def test_in_which_session_a_fill_was_is_the_callers_to_say() -> None:
    # 19:30 in New York, and the next day already in UTC.
    late = fill(1, "10", "100", occurred_at=closes_at(2) + timedelta(hours=3, minutes=30))
    events = [*log(late), announced(action(dividend("2"), ex_date=session(3)))]

    def new_york(at: datetime) -> date:
        return (at - timedelta(hours=5)).date()

    assert rebuild(events).dividends == 0
    assert rebuild(events, session_of=new_york).dividends == 20


def test_what_is_paid_per_share_on_the_day_of_a_split_is_per_old_share() -> None:
    both = [announced(SPLIT), announced(action(dividend("2"), "z", ex_date=session(3)))]

    assert rebuild([*BOUGHT, *both]).dividends == 30


TERMS: st.SearchStrategy[Terms] = st.one_of(
    st.integers(2, 9).map(lambda new: split(str(new), "1")),
    st.tuples(st.integers(1, 4), st.integers(5, 9)).map(lambda of: split(str(of[0]), str(of[1]))),
    st.decimals("0.01", 9, places=2).map(lambda amount: dividend(str(amount))),
    st.decimals("0.01", 1, places=2).map(
        lambda part: SpinOff("SPUN", Decimal("0.3"), part, None, Decimal("7.77"))
    ),
)
FILLS = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.decimals("0.5", 900, places=2)),
    min_size=1,
    max_size=12,
).map(lambda sizes: [on(n, n, str(size), str(at)) for n, (size, at) in enumerate(sizes, start=1)])
ANNOUNCED = st.lists(st.tuples(TERMS, st.integers(1, 13)), min_size=1, max_size=4).map(
    lambda drawn: [
        announced(action(terms, f"a-{n}", ex_date=session(day)))
        for n, (terms, day) in enumerate(drawn)
    ]
)


@given(FILLS, ANNOUNCED, TERMS, st.booleans(), st.randoms(use_true_random=False))
def test_a_corrected_history_is_the_history_in_which_the_right_action_always_was(
    fills: Sequence[Fill],
    known: Sequence[CorporateActionAnnounced],
    terms: Terms,
    withdrawn: bool,
    order: object,
) -> None:
    events: list[Event] = [*log(*fills), *known]
    wrong = known[0].action
    right = action(terms, wrong.action_id, ex_date=wrong.ex_date, revision=2, withdrawn=withdrawn)
    always = [*log(*fills), *known[1:], announced(right)]

    order.shuffle(events)  # type: ignore[attr-defined]
    assert state(rebuild([corrected(right), *events, *events])) == state(rebuild(always))


@given(FILLS, ANNOUNCED)
def test_an_action_announced_again_as_it_was_gives_the_first_books_back(
    fills: Sequence[Fill], known: Sequence[CorporateActionAnnounced]
) -> None:
    events: list[Event] = [*log(*fills), *known]
    first = known[0].action
    gone: CorporateActionCorrected = corrected(replace(first, revision=2, withdrawn=True))
    again = corrected(replace(first, revision=3))

    assert state(rebuild([*events, gone, again])) == state(rebuild(events))


@given(FILLS, ANNOUNCED)
def test_cash_positions_and_income_account_for_every_digit(
    fills: Sequence[Fill], known: Sequence[CorporateActionAnnounced]
) -> None:
    books = rebuild([*log(*fills), *known])

    invested = sum((cost for _, cost in books.positions().values()), Decimal(0))
    earned = EXACT.add(books.realised_pnl, books.dividends)
    assert EXACT.add(books.cash, EXACT.add(books.due, invested)) == EXACT.add(
        Decimal(100000), EXACT.subtract(earned, books.commissions)
    )
