"""Booking fills that wait in the inbox: those that came late, and those that found no way in.

A late fill is kept before anything is corrected for it, so that a process that dies of a long
correction takes no fill with it. Each is a transaction of its own, in the venue's order.
"""

from datetime import timedelta

from bifrost.portfolio.filling import Filling
from bifrost.portfolio.ports import Clock, Ids, Library
from bifrost.portfolio.sessions import SessionOf
from bifrost.portfolio.telling import Moment

# Ten records of one queue's batch wait so long for one account, and are done before its function.
PATIENCE = timedelta(seconds=2)
# A journal that a listener plays again in seconds, though each step meets a thousand open lots;
# a longer one is left to the long function.
LISTENER_STEPS = 1_000


class LateFills:
    """Books what waits for one account."""

    def __init__(self, library: Library, clock: Clock, ids: Ids, session_of: SessionOf) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._session_of = session_of

    def book(self, account_id: str, longest: int | None) -> None:
        """Book the account's fills that wait, in their order; a late one only to a short journal.

        longest: the steps of a journal that is played again; None: any. Raises BusyError where
        the account is held.
        """
        while self._book_next(account_id, longest):
            pass

    def _book_next(self, account_id: str, longest: int | None) -> bool:
        with self._library.open(PATIENCE) as books:
            recorded = books.facts.take_next(account_id)
            if recorded is None:
                return False
            moment = Moment(self._ids, self._clock.now(), recorded.correlation_id)
            session = self._session_of(recorded.fill.occurred_at)
            if Filling(books, moment).book(recorded, session, longest):
                return True
            books.facts.put_back([recorded])
            return False
