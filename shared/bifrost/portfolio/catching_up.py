"""Bringing one account up to the market's session, in a transaction that holds the account.

The desk's own lots come first, imported ones after: neither touches the other's. Of imported lots
it is asked each time what they have not met, whenever it was announced or they were imported.
"""

from datetime import date

from bifrost.events import FillRecorded
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.ports import Books, Outlook
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.telling import Moment


def bring_up(books: Books, account_id: str, moment: Moment) -> Outlook:
    """Let the account meet every action that is due; put right what it had met otherwise.

    Returns what it was brought up by.
    """
    account = books.accounts.locked(account_id)
    outlook = books.actions.outlook(account_id, BEFORE_ALL)
    through = outlook.by(BEFORE_ALL)
    if outlook.stale_since is not None:
        put_right(books, account, moment, outlook, through)
    elif outlook.due or outlook.has_unpaid:
        follow(books, account, moment, outlook, through)
    return outlook


def follow(books: Books, account: Account, moment: Moment, outlook: Outlook, through: date) -> None:
    """Apply what is due by the session, and pay what is to be paid."""
    # Only who has something to apply, or to play again, loads what that takes.
    from bifrost.portfolio.acting import Acting

    Acting(books, account, moment).meet(outlook, through)
    books.actions.advance(account.account_id, through, outlook.newest)
    meet_imported(books, account, moment, through)


def put_right(
    books: Books,
    account: Account,
    moment: Moment,
    outlook: Outlook,
    through: date,
    late: tuple[FillRecorded, date] | None = None,
) -> None:
    """Play the account's history again, with a fill that came late and its session."""
    from bifrost.portfolio.correcting_imported import undo_corrected
    from bifrost.portfolio.trying import Trying

    undo_corrected(books, account, moment)
    recorded, session = late or (None, outlook.stale_since)
    since = min(one for one in (session, outlook.stale_since) if one is not None)
    trying = Trying(books, account, moment, outlook)
    if trying.correct(through, since, recorded):
        meet_imported(books, account, moment, through)
    else:
        follow(books, account, moment, outlook, through)


def meet_imported(books: Books, account: Account, moment: Moment, through: date) -> None:
    """Let imported lots meet what they have not met by the session; pay what is to be paid."""
    from bifrost.portfolio.acting import Acting
    from bifrost.portfolio.correcting_imported import apply_unmet

    apply_unmet(books, account, moment, through)
    Acting(books, account, moment).pay(through)
