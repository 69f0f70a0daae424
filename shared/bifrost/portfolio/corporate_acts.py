"""Hearing of corporate actions, and bringing every account up to the market's session.

Each account is a transaction of its own, and what was done is not done again: so a delivery that
died half way is repeated from where it stood, and one account that cannot follow stops no other.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bifrost.core.errors import BusyError, ConflictError, UnavailableError
from bifrost.portfolio.catching_up import bring_up
from bifrost.portfolio.late_fills import PATIENCE, LateFills
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.sessions import SessionOf, utc_session
from bifrost.portfolio.telling import Moment

if TYPE_CHECKING:
    from bifrost.events import BarClosed, CorporateActionAnnounced, CorporateActionCorrected

_logger = logging.getLogger(__name__)

# The longest weekend: what a bar does not look back to is the sweep's.
RECENT = timedelta(days=10)
# What a call does not reach, the next sweep does.
ACCOUNTS_PER_PAGE = 100
CALL_SECONDS = timedelta(seconds=15)

# The accounts that wait past one of them, at most so many.
_Waiting = Callable[[Books, str, int], list[str]]


@dataclass(slots=True)
class _Call:
    """How far a call is."""

    accounts: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    is_any_busy: bool = False
    is_done: bool = False


class CorporateActs:
    """Keeps every account's books in step with what issuers do."""

    def __init__(
        self, library: Library, clock: Clock, ids: Ids, session_of: SessionOf = utc_session
    ) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._late = LateFills(library, clock, ids, session_of)
        self._done: date | None = None

    def hear(self, event: "CorporateActionAnnounced | CorporateActionCorrected") -> None:
        """Keep the revision, and apply or correct it wherever its day has come.

        Raises ConflictError, naming them, where accounts could not follow; the others have.
        """
        action_id = event.action.action_id
        with self._library.open() as books:
            if books.facts.once(event):
                books.actions.put(event.action, self._clock.now())
        _require(
            self._bring_up(
                lambda books, after, limit: books.actions.waiting_for(action_id, after, limit),
                event.correlation_id,
            )
        )

    def follow(self, event: "BarClosed") -> None:
        """Apply what is due as the bar's session begins, for every account, once a session."""
        session = event.bar.session
        if self._done is not None and session <= self._done:
            return
        call = self._bring_up(
            lambda books, after, limit: books.actions.due(session - RECENT, after, limit),
            event.correlation_id,
        )
        if call.is_done and not call.failed and not call.is_any_busy:
            self._done = session

    def sweep(self, correlation_id: str) -> int:
        """Do what was left undone, and book fills that wait; return how many accounts it was."""
        call = self._bring_up(
            lambda books, after, limit: books.actions.behind(after, limit),
            correlation_id,
            with_fills=True,
        )
        _require(call)
        return call.accounts

    def _bring_up(
        self, waiting: _Waiting, correlation_id: str, *, with_fills: bool = False
    ) -> _Call:
        """Bring up who waits, page by page, until nobody does or the call's time is over."""
        call, ends_at, after = _Call(), self._clock.now() + CALL_SECONDS, ""
        while True:
            with self._library.open() as books:
                page = waiting(books, after, ACCOUNTS_PER_PAGE)
            for after in page:
                if self._clock.now() >= ends_at:
                    return call
                self._bring_up_one(after, call, correlation_id, with_fills=with_fills)
            if len(page) < ACCOUNTS_PER_PAGE:
                call.is_done = True
                return call

    def _bring_up_one(
        self, account_id: str, call: _Call, correlation_id: str, *, with_fills: bool
    ) -> None:
        call.accounts += 1
        try:
            with self._library.open(PATIENCE) as books:
                moment = Moment(self._ids, self._clock.now(), correlation_id)
                bring_up(books, account_id, moment)
            if with_fills:
                self._late.book(account_id, longest=None)
        except BusyError:
            # Whoever holds it may not know what we do: the next sweep looks again.
            call.is_any_busy = True
        except UnavailableError:
            raise
        except Exception as error:
            _logger.exception("an account does not follow", extra={"account_id": account_id})
            call.failed[account_id] = str(error)


def _require(call: _Call) -> None:
    if call.failed:
        named = "; ".join(f"{account_id}: {why}" for account_id, why in sorted(call.failed.items()))
        raise ConflictError(
            f"{len(call.failed)} accounts do not follow, all others do: {named};"
            " see `bifrost rebuild --account` for what differs"
        )
