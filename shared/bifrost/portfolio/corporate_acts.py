"""Hearing of corporate actions, and bringing every account up to the market's session.

Each account is a transaction of its own, and what was done is not done again: so a delivery that
died half way is repeated from where it stood, and one account that cannot follow stops no other.
"""

import logging
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bifrost.core.errors import ConflictError, UnavailableError
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.telling import Moment

if TYPE_CHECKING:
    from bifrost.events import BarClosed, CorporateActionAnnounced, CorporateActionCorrected

_logger = logging.getLogger(__name__)

# A bar looks back over a long weekend; whatever was missed before is the sweep's.
RECENT = timedelta(days=10)
# What was heard longer ago has been met, or has failed in every sweep since.
REMEMBERED = timedelta(days=7)


class CorporateActs:
    """Keeps every account's books in step with what issuers do."""

    def __init__(self, library: Library, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._done: date | None = None

    def hear(self, event: "CorporateActionAnnounced | CorporateActionCorrected") -> None:
        """Keep the revision, and apply or correct it wherever its day has come.

        Raises ConflictError, naming them, where accounts could not follow; the others have.
        """
        with self._library.open() as books:
            if books.facts.once(event):
                books.actions.put(event.action, self._clock.now())
            waiting = books.actions.waiting_for(event.action.action_id)
        _require(self._bring_up(waiting, event.correlation_id))

    def follow(self, event: "BarClosed") -> None:
        """Apply what is due as the bar's session begins, for every account, once a session."""
        session = event.bar.session
        if self._done is not None and session <= self._done:
            return
        now = self._clock.now()
        with self._library.open() as books:
            waiting = books.actions.waiting(session - RECENT, now)
        if not self._bring_up(waiting, event.correlation_id):
            self._done = session

    def sweep(self, correlation_id: str) -> int:
        """Do what was left undone; return how many accounts it was."""
        with self._library.open() as books:
            since = self._clock.now() - REMEMBERED
            waiting = books.actions.waiting(BEFORE_ALL, since)
        _require(self._bring_up(waiting, correlation_id))
        return len(waiting)

    def _bring_up(self, account_ids: Iterable[str], correlation_id: str) -> dict[str, str]:
        failed: dict[str, str] = {}
        for account_id in account_ids:
            try:
                with self._library.open() as books:
                    moment = Moment(self._ids, self._clock.now(), correlation_id)
                    bring_up(books, account_id, moment)
            except UnavailableError:
                raise
            except Exception as error:
                _logger.exception("an account does not follow", extra={"account_id": account_id})
                failed[account_id] = str(error)
        return failed


def bring_up(books: Books, account_id: str, moment: Moment) -> None:
    """Let the account meet every action that is due; put right what it had met otherwise."""
    account = books.accounts.locked(account_id)
    outlook = books.actions.outlook(account_id, BEFORE_ALL)
    through = outlook.by(BEFORE_ALL)
    if outlook.stale_since is not None:
        # Only who has something to apply, or to play again, loads what that takes.
        from bifrost.portfolio.correcting import Correcting
        from bifrost.portfolio.correcting_imported import correct_imported

        correct_imported(books, account, moment)
        Correcting(books, account, moment).correct(outlook, through, outlook.stale_since)
        outlook = books.actions.outlook(account_id, BEFORE_ALL)
    if outlook.due or outlook.has_unpaid:
        from bifrost.portfolio.acting import Acting

        Acting(books, account, moment).follow(outlook, through)


def _require(failed: dict[str, str]) -> None:
    if failed:
        named = "; ".join(f"{account_id}: {why}" for account_id, why in sorted(failed.items()))
        raise ConflictError(
            f"{len(failed)} accounts do not follow, all others do: {named};"
            " see `bifrost rebuild --account` for what differs"
        )
