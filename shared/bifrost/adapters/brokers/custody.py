"""The paper venue as a custodian: what corporate actions do to its accounts and open orders.

First application and correction are one path: the accounts' own trades and the actions in force
are played in order, and what differs from the books is written. Everything here happens in the
transaction of a bar, or of the vendor's word, under the venue's lock.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

from bifrost.adapters.postgres.venue import VenueWriter
from bifrost.adapters.postgres.venue_custody import Due, VenueCustodyBooks
from bifrost.adapters.postgres.venue_open_orders import VenueOpenOrders, WorkingAt
from bifrost.backtest.adjusting import cause_of, sentence_of, stands
from bifrost.backtest.entitlements import Holdings, holdings_after
from bifrost.core.bars import Bar
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.core.money import EXACT
from bifrost.execution.corporate_actions import CancelledByAction, OpenOrder
from bifrost.execution.ports import ReportKind


class Custody:
    """Keeps accounts and orders right over corporate actions; each change is safe to repeat."""

    def __init__(self, writer: VenueWriter) -> None:
        self._writer = writer
        self._books = VenueCustodyBooks(writer.cursor)
        self._orders = VenueOpenOrders(writer.cursor)

    def list_instrument(self, instrument: Instrument) -> None:
        """Keep the instrument's tick and lot."""
        self._books.list_instrument(instrument)

    def hear(self, action: CorporateAction) -> None:
        """Keep the revision, unless it is known; an older one than the newest changes nothing."""
        known = self._books.revisions(action.action_id)
        if action.revision in known:
            return
        if known and max(known) > action.revision:
            self._books.add(action, "past")
            return
        session = self._books.market_session()
        is_due = session is not None and action.ex_date <= session
        stood = [one for state, one in known.values() if state == "standing"]
        self._books.retire(action.action_id)
        stands_now = is_due and not action.withdrawn
        waits = not is_due and not action.withdrawn
        self._books.add(action, "standing" if stands_now else "waiting" if waits else "past")
        if session is not None and (stands_now or stood):
            self._play({*_names(stood), *_names([action])}, [action], session)

    def meet(self, bar: Bar) -> bool:
        """Do what is due before the bar, which is on the tape, is matched; False if it may not be.

        It may not where its instrument's shares have become others since it closed: an order on
        the new terms would trade at a price of the old ones.
        """
        agenda = self._books.agenda(bar)
        if agenda.is_action_due:
            settled = self._books.settle(agenda.session)
            self._play(_names(settled), settled, agenda.session)
        # An order is sent without the lock: one that an action has passed by is caught here.
        if agenda.begins_session and (late := self._books.behind()):
            self._catch_up(late, agenda.session)
        elif agenda.is_behind:
            self._catch_up([bar.instrument], agenda.session)
        if agenda.is_payment_due:
            self._books.pay(agenda.session)
        return not agenda.is_past

    def _play(
        self, names: Collection[str], causes: Sequence[CorporateAction], session: date
    ) -> None:
        component = self._books.component(names)
        standing = self._books.standing(component)
        self._count(component, standing, session)
        self._adjust(component, standing, causes, session)

    def _catch_up(self, instruments: Collection[str], session: date) -> None:
        component = self._books.component(instruments)
        standing = self._books.standing(component)
        self._adjust(component, standing, standing, session)

    def _count(
        self, component: Sequence[str], standing: Sequence[CorporateAction], session: date
    ) -> None:
        """Set every account's positions, and what it is owed, to what its history makes them."""
        dues: list[Due] = []
        for account in self._books.traded(component):
            holdings = holdings_after(account.trades, _in(account.currency, standing))
            self._books.hold(account.account_id, component, holdings.positions)
            dues += _dues_of(account.account_id, holdings, session)
        known = self._books.entitled(component)
        new = [one for one in dues if one not in known]
        wrong = [one for one in known if one not in dues]
        self._books.entitle(new, wrong)
        self._books.move_cash(_difference(new, wrong))

    def _adjust(
        self,
        component: Sequence[str],
        standing: Sequence[CorporateAction],
        causes: Sequence[CorporateAction],
        session: date,
    ) -> None:
        working = self._orders.of(component)
        listings = self._orders.listings([one.order.placed.instrument for one in working])
        for one in working:
            now = stands(one.order, one.trades, _in(one.currency, standing), listings)
            if now != one.order.standing:
                self._change(one, now, cause_of(one.order, now, causes))
        self._orders.note_adjusted([one.order.placed.order_id for one in working], session)

    def _change(
        self, one: WorkingAt, now: OpenOrder | CancelledByAction, cause: CorporateAction
    ) -> None:
        why = sentence_of(cause)
        if isinstance(now, OpenOrder):
            self._orders.restate(now, cause.action_id, why)
            return
        text = f"{now.text}; {why}"
        if self._writer.cancel(now.order_id, text) is not None:
            self._writer.report_end(now.order_id, one.account_id, ReportKind.CANCELLED, text)


def _in(currency: str, standing: Sequence[CorporateAction]) -> list[CorporateAction]:
    """Leave out actions in another currency than the account's: the vendor has to correct them."""
    return [action for action in standing if action.currency == currency]


def _dues_of(account_id: str, holdings: Holdings, session: date) -> list[Due]:
    return [
        Due(account_id, one.action_id, one.cash, one.paid_on, one.paid_on <= session)
        for one in holdings.entitlements
    ]


def _difference(new: Sequence[Due], wrong: Sequence[Due]) -> dict[str, Decimal]:
    """Return by how much each account's cash was off: only what is paid is in it."""
    off: dict[str, Decimal] = {}
    for add, dues in ((EXACT.add, new), (EXACT.subtract, wrong)):
        for one in dues:
            if one.is_paid:
                off[one.account_id] = add(off.get(one.account_id, Decimal(0)), one.amount)
    return {account_id: amount for account_id, amount in off.items() if amount}


def _names(actions: Sequence[CorporateAction]) -> set[str]:
    """Return the instruments of actions, old and new."""
    return {name for one in actions for name in (one.instrument, one.new_instrument) if name}
