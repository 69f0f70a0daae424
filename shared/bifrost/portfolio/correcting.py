"""Books put right by playing an account's journal again: a corrected action, or a late fill.

What was posted and would not be posted now is reversed, what is missing is written, and the lots
become those of the history in which the error never was. Reversals and what takes their place
keep the day of what they are about; the wall's clock says when they were written.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import islice

from bifrost.events import CashChanged, FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.acting import applied_of, keep_methods, rechoose
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.difference import Difference
from bifrost.portfolio.ports import Applied, Books, Outlook
from bifrost.portfolio.rebuilt import Transaction
from bifrost.portfolio.replaying import Player, action_reference, payment_reference
from bifrost.portfolio.telling import Moment

# Transactions that are compared and posted at once: some 10 MiB.
PAGE = 2000

_CAPITAL = "return_of_capital"


class Correcting:
    """Plays one account's journal again, and posts the difference to what stands."""

    def __init__(self, books: Books, account: Account, moment: Moment) -> None:
        self._books = books
        self._account = account
        self._moment = moment

    def correct(
        self,
        outlook: Outlook,
        through: date,
        since: date,
        late: FillRecorded | None = None,
        without: AbstractSet[str] = frozenset(),
    ) -> None:
        """Put the books right from the session `since` on, as if some actions were not known.

        late: a fill that is in the journal already.
        """
        books, account_id = self._books, self._account.account_id
        concerning = books.actions.concerning(account_id, outlook)
        actions = [one for one in concerning if one.action_id not in without]
        player = Player(
            books.journal.stream(account_id),
            actions,
            currency=self._account.currency,
            undone=books.journal.undone(account_id, through),
            through=through,
        )
        applied = [one for one in books.actions.applied(account_id, since) if not one.is_imported]
        self._post(player, since, applied, late)
        self._choose(player)
        for action in actions:
            if action.action_id in player.books.refused:
                reason = player.books.refused[action.action_id]
                books.actions.refuse(account_id, action, reason, self._moment.now)
        books.actions.advance(account_id, through, outlook.newest)

    def _post(
        self, player: Player, since: date, applied: list[Applied], late: FillRecorded | None
    ) -> None:
        difference = Difference(self._books, self._account, self._moment, late)
        gone = self._references(applied)
        changes: list[BookChange] = []
        written: dict[str, str] = {}
        for page in _pages(_from(player.play(), since)):
            posted = difference.post(page)
            gone -= page.keys()
            for name, one in page.items():
                if isinstance(one.cause, BookChange):
                    written[name] = posted[name]
                    if name == action_reference(one.cause.action):
                        changes.append(one.cause)
        difference.post({}, sorted(gone))
        difference.finish(player.books.lots)
        self._keep(changes, applied, written)

    def _references(self, applied: Iterable[Applied]) -> set[str]:
        """Name what stands of actions that changed something."""
        names: set[str] = set()
        for one in applied:
            action = self._books.actions.revision(one.action_id, one.revision)
            names |= {action_reference(action), payment_reference(action)}
        return names

    def _keep(
        self,
        changes: Iterable[BookChange],
        applied: Iterable[Applied],
        written: Mapping[str, str],
    ) -> None:
        """Keep what each action changed, as it is known now."""
        store, account_id = self._books.actions, self._account.account_id
        known = set()
        for change in changes:
            transaction_id = written[action_reference(change.action)]
            payment_id = written.get(payment_reference(change.action))
            store.record(applied_of(account_id, change, transaction_id, payment_id))
            known.add(change.action.action_id)
        store.forget(account_id, [one.action_id for one in applied if one.action_id not in known])

    def _choose(self, player: Player) -> None:
        stored = self._books.revisions.still_named(self._account.account_id)
        left = player.chosen.left()
        different = {name: one for name, one in left.items() if stored.get(name) != one}
        rechoose(self._books, self._account.account_id, self._moment, different)
        keep_methods(
            self._books, self._account.account_id, player.chosen.methods(), self._moment.now
        )


def _pages(played: Iterable[Transaction]) -> Iterator[dict[str, Transaction]]:
    """Take transactions by reference, so many at once."""
    waiting = iter(played)
    while page := {one.reference: one for one in islice(waiting, PAGE)}:
        yield page


def _from(played: Iterable[Transaction], since: date) -> Iterator[Transaction]:
    """Pass on what may depend on what happened since then; what was played before cannot."""
    is_affected = False
    for one in played:
        is_affected = is_affected or (one.cause is not None and one.session >= since)
        if is_affected and _may_differ(one):
            yield one


def _may_differ(one: Transaction) -> bool:
    if isinstance(one.cause, CashChanged):
        return one.cause.kind == _CAPITAL
    return one.cause is not None
