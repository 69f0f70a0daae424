"""Corrections that an account survives, whatever the vendor says.

A correction is tried as a whole. Where a constraint of the books says no, the actions that the
account meets by it for the first time are left out and tried one by one: what the books cannot
keep is refused, and history is played without it. Books that were wrong before take nothing that
is right since: they are put right from the beginning.
"""

from collections.abc import Set as AbstractSet
from datetime import date

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import ConflictError
from bifrost.events import FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.correcting import Correcting
from bifrost.portfolio.ports import Books, Outlook
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.telling import Moment


class Trying:
    """Corrects one account's books with as much of what was heard as they can keep."""

    def __init__(self, books: Books, account: Account, moment: Moment, outlook: Outlook) -> None:
        self._books = books
        self._account = account
        self._moment = moment
        self._outlook = outlook

    def correct(self, through: date, since: date, late: FillRecorded | None) -> bool:
        """Put the books right from the session `since` on; say whether they are.

        Where not even without what was heard they can be, nor from the beginning, they stay as
        they are, and each revision says so. Raises ConflictError for a late fill then: it would be
        missing.
        """
        try:
            self._correct(through, since, late)
        except ConflictError:
            try:
                self._correct(through, BEFORE_ALL, late)
            except ConflictError as error:
                if late is not None:
                    raise
                self._leave(error)
                return False
        return True

    def _correct(self, through: date, since: date, late: FillRecorded | None) -> None:
        """Put them right with what of the new they can keep."""
        try:
            self._try(through, since, late)
        except ConflictError as why:
            new = [one for one in self._heard() if not one.withdrawn]
            if not new:
                raise
            self._try(through, since, late, {one.action_id for one in new})
            if len(new) == 1:
                self._refuse(new[0], why)
            else:
                self._add(new, through, since)

    def _add(self, new: list[CorporateAction], through: date, since: date) -> None:
        """Try what was left out, one action after the other."""
        untried = {one.action_id for one in new}
        for action in new:
            untried.remove(action.action_id)
            try:
                self._try(through, since, None, untried)
            except ConflictError as error:
                self._refuse(action, error)

    def _try(
        self,
        through: date,
        since: date,
        late: FillRecorded | None,
        without: AbstractSet[str] = frozenset(),
    ) -> None:
        with self._books.attempt():
            correcting = Correcting(self._books, self._account, self._moment)
            correcting.correct(self._outlook, through, since, late, without)

    def _heard(self) -> list[CorporateAction]:
        return self._books.actions.heard(self._account.account_id, self._outlook)

    def _leave(self, error: ConflictError) -> None:
        for action in self._heard():
            self._refuse(action, error)
        # What is due is yet to be met.
        store, outlook = self._books.actions, self._outlook
        store.advance(self._account.account_id, outlook.through, outlook.newest)

    def _refuse(self, action: CorporateAction, error: ConflictError) -> None:
        reason = f"{action.action_id} of {action.instrument} does not fit the books: {error}"
        self._books.actions.refuse(
            self._account.account_id, action, reason, self._moment.now, is_broken=True
        )
