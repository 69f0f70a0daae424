"""Listening: others' facts, copied here and passed on to the venue.

The venue has a transaction of its own, so it goes first, by calls that may be repeated, and our
inbox commits after: a crash between the two repeats the call, and nothing is ever left out. What
asks nothing of it is remembered all the same: `bifrost up` sends again what no inbox has.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bifrost.execution.books import Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.ports import Custodian, Funding, MarketFeed
from bifrost.execution.records import Account, Mark, Strategy

if TYPE_CHECKING:
    from bifrost.events import (
        AccountOpened,
        BarClosed,
        CashChanged,
        CashDeposited,
        CashWithdrawn,
        CorporateActionAnnounced,
        CorporateActionCorrected,
        InstrumentListed,
        StrategyChanged,
    )

# The kind of cash that portfolio books when an issuer pays.
CORPORATE_ACTION = "corporate_action"


@dataclass(frozen=True, slots=True)
class Listener:
    """Hears what concerns execution and its venue; every method may be repeated."""

    venue: str
    desk: Desk
    funding: Funding
    feed: MarketFeed
    custodian: Custodian
    collector: Collector

    def on_account_opened(self, event: "AccountOpened") -> None:
        """Open the account at the venue, then know it here."""
        self.funding.open_account(event.account_id, event.currency)
        with self.desk.transaction() as books:
            if books.announcements.once(event):
                account = Account(event.account_id, event.owner, event.currency)
                books.listings.open_account(account)

    def on_instrument_listed(self, event: "InstrumentListed") -> None:
        """Let the venue know the instrument's tick and lot, then know its terms here."""
        self.custodian.list_instrument(event.instrument)
        with self.desk.transaction() as books:
            if books.announcements.once(event):
                books.listings.list_instrument(event.instrument)

    def on_strategy_changed(self, event: "StrategyChanged") -> None:
        """Know the strategy, so that orders can name it."""
        with self.desk.transaction() as books:
            if books.announcements.once(event):
                books.listings.keep_strategy(
                    Strategy(
                        strategy_id=event.strategy_id,
                        account_id=event.account_id,
                        name=event.name,
                        is_archived=event.is_archived,
                        revision=event.revision,
                    )
                )

    def on_cash_deposited(self, event: "CashDeposited") -> None:
        """Move the cash into the venue's account."""
        self._transfer(event, event.amount)

    def on_cash_withdrawn(self, event: "CashWithdrawn") -> None:
        """Move the cash out of the venue's account."""
        self._transfer(event, -event.amount)

    def on_cash_changed(self, event: "CashChanged") -> None:
        """Book at the venue what it booked for us; it keeps the account's currency only.

        What a corporate action pays the venue pays by itself.
        """
        if event.currency == event.account_currency and event.kind != CORPORATE_ACTION:
            self._transfer(event, event.amount)
        else:
            self._remember(event)

    def on_corporate_action(
        self, event: "CorporateActionAnnounced | CorporateActionCorrected"
    ) -> None:
        """Let the venue hear of it, and collect what that did to open orders."""
        self.custodian.hear_action(event.action)
        with self.desk.transaction() as books:
            if books.announcements.once(event):
                books.actions.keep(event.action)
            self.collector.collect()

    def on_bar_closed(self, event: "BarClosed") -> None:
        """Let the venue trade against the bars that are next, and collect what it did."""
        with self.desk.transaction() as books:
            for ready in books.announcements.bars_in_order(event):
                self.feed.close_bar(ready.bar, ready.currency)
                mark = Mark(ready.bar.instrument, ready.bar.close, ready.occurred_at)
                books.market.close(self.venue, mark)
            # In the same transaction: whoever sees the bar's price sees its fills.
            self.collector.collect()

    def _transfer(
        self, event: "CashDeposited | CashWithdrawn | CashChanged", amount: Decimal
    ) -> None:
        # Events come in any order: the deposit may be heard before the account's opening.
        self.funding.open_account(event.account_id, event.currency)
        self.funding.transfer(
            transfer_id=event.transaction_id,
            account_id=event.account_id,
            amount=amount,
            currency=event.currency,
        )
        self._remember(event)

    def _remember(self, event: "CashDeposited | CashWithdrawn | CashChanged") -> None:
        with self.desk.transaction() as books:
            books.announcements.once(event)
