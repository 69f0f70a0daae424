"""Promises of what is known beside the trades: an action meets the accounts that it names, a pick
names a lot by its way, capital returned beyond a lot's basis is a gain, and a name that comes back
is another company's.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from bifrost.core.corporate_actions import CorporateAction, Merger, Rename, SpinOff, Split, Terms
from bifrost.portfolio.tax.disposals import Books
from bifrost.portfolio.tax.elections import Elections
from bifrost.portfolio.tax.kept import Act, BasisChange, Kept, Pick
from bifrost.portfolio.tax.policy import Policy
from bifrost.portfolio.tax.wash_sales import wash_sales
from tests.unit.portfolio.tax.builders import trades

DISTINCT = Elections(policy=Policy({"predecessors": "distinct"}))
FIELDS = {Split: "split", SpinOff: "spin_off", Merger: "merger", Rename: "rename"}


def act(
    before: int,
    day: str,
    instrument: str,
    terms: Terms,
    accounts: frozenset[tuple[str, str]] | None = None,
) -> Act:
    action = CorporateAction(
        action_id=f"{instrument}-{day}",
        vendor="acme",
        revision=1,
        instrument=instrument,
        currency="USD",
        ex_date=date.fromisoformat(day),
        **{FIELDS[type(terms)]: terms},
    )
    return Act(before, action, accounts)


def held(books: Books) -> list[tuple[str, str, Fraction, Fraction]]:
    return [
        (one.trade.account, one.name, one.quantity, one.unit_cost * one.quantity)
        for one in books.open
    ]


def test_an_action_meets_the_accounts_that_it_names() -> None:
    rows = trades("2014-01-06 buy 10 100 al.a.cash", "2014-01-06 buy 10 100 al.b.cash")
    spin_off = SpinOff("KID", Decimal(1), Decimal("0.4"))
    met = act(4, "2014-02-03", "XYZ", spin_off, frozenset({("al", "b")}))

    books = wash_sales(rows, Elections(), Kept(acts=(met,)))

    assert held(books) == [("a", "XYZ", 10, 100), ("b", "XYZ", 10, 60), ("b", "KID", 10, 40)]


def test_a_pick_names_what_came_of_a_lot_by_a_spin_off() -> None:
    rows = trades(
        "2014-01-06 buy 10 100 PAR", "2014-01-07 buy 10 200 PAR", "2014-03-03 sell 5 90 KID"
    )
    spun = act(4, "2014-02-03", "PAR", SpinOff("KID", Decimal(1), Decimal("0.5")))
    picks = {4: (Pick(3, Fraction(5), (spun.action.action_id,)),)}

    (sold,) = wash_sales(rows, Elections(), Kept(picks, acts=(spun,))).disposals

    assert (sold.acquired.line, sold.gain) == (3, 40)


def test_a_pick_counts_in_shares_of_the_day_of_its_sale() -> None:
    rows = trades(
        "2014-01-06 buy 10 100", "2014-01-07 buy 10 200", "2014-03-03 sell 5 90",
        "2014-04-07 sell 10 100",
    )  # fmt: skip
    split = act(5, "2014-03-10", "XYZ", Split(Decimal(2), Decimal(1)))
    picks = {4: (Pick(3, Fraction(5)),), 5: (Pick(3, Fraction(10)),)}

    books = wash_sales(rows, Elections(), Kept(picks, acts=(split,)))

    assert [one.gain for one in books.disposals] == [-10, 0]
    assert held(books) == [("main", "XYZ", 20, 100)]


def test_capital_returned_on_a_lot_is_a_gain_beyond_its_basis_with_what_was_put_off() -> None:
    rows = trades("2014-01-06 buy 10 100", "2014-03-03 sell 10 80", "2014-03-04 buy 10 90")
    change = BasisChange(5, date(2014, 6, 2), 4, Fraction(-130))

    books = wash_sales(rows, Elections(), Kept(changes=(change,)))

    assert [one.gain for one in books.disposals] == [-20, 20]
    assert (books.economic, books.allowed, books.deferred) == (20, 20, 0)
    assert (books.disposals[1].closing.on, held(books)) == (
        date(2014, 6, 2), [("main", "XYZ", 10, 0)])  # fmt: skip


def test_capital_within_what_was_put_off_is_no_gain_yet() -> None:
    rows = trades("2014-01-06 buy 10 100", "2014-03-03 sell 10 80", "2014-03-04 buy 10 90")
    change = BasisChange(5, date(2014, 6, 2), 4, Fraction(-100))

    books = wash_sales(rows, Elections(), Kept(changes=(change,)))

    assert (books.economic, books.allowed, books.deferred) == (-10, 0, -10)
    assert [one.is_shown for one in books.disposals] == [True, False]


def test_capital_of_a_lot_that_is_gone_is_our_mistake() -> None:
    rows = trades("2014-01-06 buy 10 100", "2014-03-03 sell 10 80")
    change = BasisChange(4, date(2014, 6, 2), 2, Fraction(-1))

    with pytest.raises(ValueError, match="nothing open"):
        wash_sales(rows, Elections(), Kept(changes=(change,)))


def test_a_name_that_comes_back_is_another_companys() -> None:
    """META was a fund's until 2022-01-31 and is Facebook's since 2022-06-09."""
    rows = trades(
        "2022-01-10 buy 10 140 META", "2022-05-20 sell 10 100 METV", "2022-06-10 buy 10 1800 META"
    )
    renamed = (act(3, "2022-01-31", "META", Rename("METV")), act(4, "2022-06-09", "FB",
               Rename("META")))  # fmt: skip

    books = wash_sales(rows, Elections(), Kept(acts=renamed))

    assert books.disposals[0].washed.disallowed == 0


@pytest.mark.parametrize(
    ("sold", "disallowed"),
    [
        # The rest is held as Facebook takes the name: whoever wrote it took both for one.
        (("2014-01-20 sell 99 792 META",), 198),
        (("2014-01-20 sell 100 800 META",), 0),
        (("2014-01-15 buy 1 9 META140621C00010000", "2014-01-20 sell 100 800 META"), 200),
    ],
)
def test_a_name_taken_over_was_another_companys_unless_it_is_held_then(
    sold: tuple[str, ...], disallowed: int
) -> None:
    rows = trades("2014-01-02 buy 100 1000 META", *sold, "2014-02-05 buy 100 900 FB")
    renamed = act(rows[-1].line + 1, "2014-06-10", "FB", Rename("META"))

    books = wash_sales(rows, Elections(), Kept(acts=(renamed,)))

    assert books.disposals[0].washed.disallowed == disallowed


def test_a_name_that_changed_twice_has_its_own_history_back() -> None:
    """What was FB is META, then FB again: a loss on the first is replaced by the last."""
    rows = trades("2014-01-02 buy 10 100 FB", "2014-01-20 sell 10 80 FB", "2014-02-10 buy 10 90 FB")
    renamed = (act(4, "2014-01-22", "FB", Rename("META")), act(4, "2014-02-03", "META",
               Rename("FB")))  # fmt: skip

    books = wash_sales(rows, Elections(), Kept(acts=renamed))

    assert books.disposals[0].washed.disallowed == 20


def test_capital_between_two_sales_of_a_day_lowers_the_basis_of_the_second() -> None:
    rows = trades("2014-01-06 buy 10 100", "2014-06-02 sell 4 48", "2014-06-02 sell 6 72")
    change = BasisChange(4, date(2014, 6, 2), 2, Fraction(-6))

    books = wash_sales(rows, Elections(), Kept(changes=(change,)))

    assert [one.gain for one in books.disposals] == [8, 18]


def test_capital_between_two_purchases_of_a_day_leaves_them_one_purchase() -> None:
    """The rest of a purchase replaces none of it, by choice."""
    rows = trades(
        "2014-06-02 buy 10 100", "2014-06-02 buy 10 100", "2014-06-03 sell 10 80",
    )  # fmt: skip
    change = BasisChange(3, date(2014, 6, 2), 2, Fraction(-6))
    alone = Elections(policy=Policy({"rest_of_purchase": "ignore"}))

    books = wash_sales(rows, alone, Kept(changes=(change,)))

    assert [(one.gain, one.washed.disallowed) for one in books.disposals] == [(-14, 0)]


def test_a_sale_at_the_average_basis_is_another_order_than_one_before_it() -> None:
    rows = trades(
        "2014-01-06 buy 10 100", "2014-01-07 buy 10 300", "2014-06-02 sell 5 60",
        "2014-06-02 sell 5 60",
    )  # fmt: skip

    books = wash_sales(rows, Elections(), Kept(averaged={5: None}))

    # 5 at 10 and 10 at 30 are 15 at 70/3.
    assert [one.cost for one in books.disposals] == [50, Fraction(350, 3)]


def test_what_was_exchanged_is_sold_as_the_successor_and_bought_as_the_predecessor() -> None:
    """By choice a purchase of the old does not replace the new, though it has become it."""
    rows = trades(
        "2013-01-07 buy 10 200 NEW", "2014-02-24 buy 10 100 OLD", "2014-03-10 sell 10 150 NEW"
    )
    merged = act(4, "2014-03-03", "OLD", Merger(new_instrument="NEW", shares_per_share=Decimal(1)))
    kept = Kept(acts=(merged,))

    assert wash_sales(rows, Elections(), kept).disposals[0].washed.disallowed == 50
    assert wash_sales(rows, DISTINCT, kept).disposals[0].washed.disallowed == 0


def test_a_digit_that_books_rounded_away_is_no_loss_that_uses_up_a_replacement() -> None:
    """10 sold at cost are a hair more than 10; the loss of the other 10 is washed in full."""
    rows = trades(
        "2014-01-06 buy 20 200", "2014-03-03 sell 10 100", "2014-03-04 sell 9 45",
        "2014-03-10 buy 9 45",
    )  # fmt: skip
    rows[1] = replace(rows[1], scale=1 + Fraction(1, 10**13))

    books = wash_sales(rows, Elections())

    assert [one.washed.disallowed for one in books.disposals] == [0, 45]
    assert books.economic == books.allowed + books.deferred
