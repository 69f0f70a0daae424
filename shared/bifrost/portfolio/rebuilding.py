"""The stored books compared with what their journal makes anew; nothing is changed.

Everything is read as of one instant, the journal as a stream: what a comparison holds in memory
grows with what an account holds, not with how long it has traded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from bifrost.core.money import EXACT
from bifrost.portfolio.journal import Step
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Books
from bifrost.portfolio.rebuilt import Rebuilt
from bifrost.portfolio.replaying import Player
from bifrost.portfolio.sessions import BEFORE_ALL
from bifrost.portfolio.valuation import Balance

_HEARD_EVERY = 1_000


class Archive(Protocol):
    """Shows the books as they were at one instant."""

    def snapshot(self) -> AbstractContextManager[Books]:
        """Begin a transaction that sees one instant, and may change nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that the stored books and the journal say differently.

    what: a lot's instrument, quantity or cost, or the balance of a ledger account.
    """

    what: str
    subject: str
    stored: str
    rebuilt: str


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What an account's journal makes, beside what is stored.

    through: the session up to which it was played. transactions: how many it made.
    has_imports: no journal tells of an import, so its lots, and all balances, are not compared.
    refused: actions that do not fit the account, with the reason.
    """

    account_id: str
    through: date
    transactions: int
    lots: int
    has_imports: bool
    refused: dict[str, str]
    differences: tuple[Difference, ...]


def _hear_nothing(_played: int, _total: int) -> None:
    pass


def rebuild_account(
    archive: Archive,
    account_id: str,
    currency: str,
    heard: Callable[[int, int], None] = _hear_nothing,
) -> Rebuild:
    """Play the account's journal, and name each number that is stored otherwise.

    heard: told every thousand steps how many of how many are played; what it raises ends all.
    """
    with archive.snapshot() as books:
        outlook = books.actions.outlook(account_id, BEFORE_ALL)
        through = outlook.by(BEFORE_ALL)
        player = Player(
            _counted(books.journal.stream(account_id), books.journal.length(account_id), heard),
            books.actions.concerning(account_id, outlook),
            currency=currency,
            undone=books.journal.undone(account_id, through),
            through=through,
        )
        made = sum(1 for _ in player.play())
        stored = books.revisions.all_open(account_id)
        imported = bool(books.imports.totals(account_id))
        own = [lot for lot in stored if lot.sequence > 0]
        balances = [] if imported else books.ledger.balances(account_id)
        found = [*_lots(own, player.books.lots)]
        if not imported:
            found += _balances(balances, player.books)
        return Rebuild(
            account_id=account_id,
            through=through,
            transactions=made,
            lots=len(player.books.lots),
            has_imports=imported,
            refused=books.actions.broken(account_id) | player.books.refused,
            differences=tuple(found),
        )


def _counted(
    steps: Iterable[Step], total: int, heard: Callable[[int, int], None]
) -> Iterator[Step]:
    for played, step in enumerate(steps):
        if played % _HEARD_EVERY == 0:
            heard(played, total)
        yield step
    heard(total, total)


def _lots(stored: Sequence[Lot], rebuilt: Mapping[str, Lot]) -> Iterator[Difference]:
    known = {lot.lot_id: lot for lot in stored}
    for name in sorted({*known, *rebuilt}):
        ours, theirs = _facts(known.get(name)), _facts(rebuilt.get(name))
        for what in ours:
            if ours[what] != theirs[what]:
                yield Difference(f"lot {what}", name, ours[what], theirs[what])


def _facts(lot: Lot | None) -> dict[str, str]:
    if lot is None:
        return {"instrument": "", "quantity": "0", "cost": "0"}
    return {
        "instrument": lot.instrument,
        "quantity": _plain(lot.quantity),
        "cost": _plain(lot.cost),
    }


def _balances(stored: Sequence[Balance], rebuilt: Rebuilt) -> Iterator[Difference]:
    sums: dict[tuple[str, str], Decimal] = {}
    for one in stored:
        key = (one.ledger_account, one.currency)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), one.amount)
    for name, currency in sorted({*sums, *rebuilt.balances}):
        ours = sums.get((name, currency), Decimal(0))
        theirs = rebuilt.balances.get((name, currency), Decimal(0))
        if ours != theirs:
            yield Difference("balance", f"{name} {currency}", _plain(ours), _plain(theirs))


def _plain(number: Decimal) -> str:
    return f"{EXACT.normalize(number):f}"
