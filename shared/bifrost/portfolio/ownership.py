"""Use cases on what an owner has: accounts renamed and archived, portfolios, watchlists.

Each change names the version that its caller read, and is checked under the row's lock: of two
who change the same thing one learns that the other was there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from bifrost.core.errors import ConflictError, NotFoundError
from bifrost.core.versions import Expected
from bifrost.events import StrategyChanged
from bifrost.portfolio.accounts import Account, what_is_left
from bifrost.portfolio.portfolios import (
    NewPortfolio,
    Portfolio,
    PortfolioKind,
    misplaced,
    place_below,
)
from bifrost.portfolio.ports import Books, Clock, Ids, Library
from bifrost.portfolio.service import market_time
from bifrost.portfolio.watchlists import NewWatchlist, Watchlist, require_known

if TYPE_CHECKING:
    from bifrost.events import InstrumentListed


class Ownership:
    """Keeps what an owner has in order."""

    def __init__(self, library: Library, clock: Clock, ids: Ids) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids

    def rename_account(self, owner: str, account_id: str, name: str, expected: Expected) -> None:
        """Give an account another name."""
        with self._account(owner, account_id, expected) as (books, account):
            books.accounts.change(replace(account, name=name, version=account.version + 1))

    def archive_account(self, owner: str, account_id: str, expected: Expected) -> None:
        """Put an empty account away with its portfolio; raise ConflictError naming what is left."""
        with self._account(owner, account_id, expected) as (books, account):
            if left := what_is_left(books.ledger.balances(account_id)):
                raise ConflictError(
                    f"account {account_id} still has {', '.join(left)}:"
                    " sell, withdraw, and archive it then"
                )
            now = self._clock.now()
            books.accounts.change(replace(account, archived_at=now, version=account.version + 1))

    def unarchive_account(self, owner: str, account_id: str, expected: Expected) -> None:
        """Take an account back, with the portfolios that went away with it."""
        with self._account_as_is(owner, account_id, expected) as (books, account):
            if account.archived_at is None:
                raise ConflictError(f"account {account_id} is not archived")
            own = books.portfolios.locked(owner, account.portfolio_id)
            _require_live_parent(books, own)
            version = account.version + 1
            books.accounts.change(replace(account, archived_at=None, version=version))

    def create_portfolio(self, asked: NewPortfolio, *, key: str, correlation_id: str) -> str:
        """Make a portfolio, or find the one that this key made; return its id."""
        with self._library.open() as books:
            portfolio_id = self._ids.new()
            known = books.keys.claim(
                scope=f"portfolios/{asked.owner}",
                key=key,
                body=asdict(asked),
                resource_id=portfolio_id,
            )
            if known is None:
                made = self._new(books, asked, portfolio_id)
                books.portfolios.add(made)
                self._tell(books, made, correlation_id)
            return known or portfolio_id

    def change_portfolio(
        self,
        owner: str,
        portfolio_id: str,
        changes: dict[str, str | None],
        expected: Expected,
        *,
        correlation_id: str,
    ) -> None:
        """Change its `name`, its `parent_id`, or both."""
        with self._portfolio(owner, portfolio_id, expected) as (books, portfolio):
            parent_id = changes.get("parent_id", portfolio.parent_id)
            if parent_id != portfolio.parent_id:
                _require_place(books, portfolio, parent_id)
            name = changes.get("name") or portfolio.name
            self._change(books, replace(portfolio, name=name, parent_id=parent_id), correlation_id)

    def archive_portfolio(
        self, owner: str, portfolio_id: str, expected: Expected, *, correlation_id: str
    ) -> None:
        """Put a portfolio away that nothing stands in; raise ConflictError naming what does."""
        with self._portfolio(owner, portfolio_id, expected) as (books, portfolio):
            if portfolio.is_books:
                raise ConflictError(
                    f"portfolio {portfolio_id} is the books of account {portfolio.account_id}:"
                    " archive the account"
                )
            if inside := books.portfolios.children(portfolio_id):
                raise ConflictError(
                    f"portfolio {portfolio_id} still has {', '.join(inside)} in it:"
                    " archive them or move them first"
                )
            archived = replace(portfolio, archived_at=self._clock.now())
            self._change(books, archived, correlation_id)

    def unarchive_portfolio(
        self, owner: str, portfolio_id: str, expected: Expected, *, correlation_id: str
    ) -> None:
        """Take a portfolio or a strategy back to where it stood."""
        with self._portfolio_as_is(owner, portfolio_id, expected) as (books, portfolio):
            if portfolio.archived_at is None:
                raise ConflictError(f"portfolio {portfolio_id} is not archived")
            if portfolio.is_books:
                raise ConflictError(
                    f"portfolio {portfolio_id} is the books of account {portfolio.account_id}:"
                    " take the account back"
                )
            _require_live_parent(books, portfolio)
            self._change(books, replace(portfolio, archived_at=None), correlation_id)

    def create_watchlist(self, asked: NewWatchlist, *, key: str) -> str:
        """Make a watchlist, or find the one that this key made; return its id."""
        with self._library.open() as books:
            watchlist_id = self._ids.new()
            known = books.keys.claim(
                scope=f"watchlists/{asked.owner}",
                key=key,
                body=asdict(asked),
                resource_id=watchlist_id,
            )
            if known is None:
                require_known(asked.instruments, books.instruments.known(asked.instruments))
                made = Watchlist(
                    watchlist_id=watchlist_id, recorded_at=self._clock.now(), **asdict(asked)
                )
                books.watchlists.add(made)
            return known or watchlist_id

    def replace_watchlist(self, watchlist_id: str, asked: NewWatchlist, expected: Expected) -> None:
        """Give a watchlist another name and other instruments."""
        with self._library.open() as books:
            found = books.watchlists.locked(asked.owner, watchlist_id)
            expected.require(found.version, f"watchlist {watchlist_id}")
            require_known(asked.instruments, books.instruments.known(asked.instruments))
            version = found.version + 1
            books.watchlists.change(replace(found, **asdict(asked), version=version))

    def delete_watchlist(self, owner: str, watchlist_id: str, expected: Expected) -> Watchlist:
        """Forget a watchlist; return it as it was."""
        with self._library.open() as books:
            found = books.watchlists.locked(owner, watchlist_id)
            expected.require(found.version, f"watchlist {watchlist_id}")
            books.watchlists.remove(watchlist_id)
            return found

    def hear_instrument(self, event: "InstrumentListed") -> None:
        """Know the instrument: only what is listed can be watched."""
        with self._library.open() as books:
            if books.facts.once(event):
                books.instruments.put(event.instrument, event.recorded_at)

    def _change(self, books: Books, portfolio: Portfolio, correlation_id: str) -> None:
        changed = replace(portfolio, version=portfolio.version + 1)
        books.portfolios.change(changed)
        self._tell(books, changed, correlation_id)

    def _tell(self, books: Books, portfolio: Portfolio, correlation_id: str) -> None:
        """Let orders name a strategy; of what gathers others nobody else keeps a copy."""
        if portfolio.kind is not PortfolioKind.STRATEGY or portfolio.account_id is None:
            return
        now = self._clock.now()
        books.facts.publish(
            StrategyChanged(
                event_id=self._ids.new(),
                occurred_at=market_time(books, now)[0],
                recorded_at=now,
                correlation_id=correlation_id,
                strategy_id=portfolio.portfolio_id,
                account_id=portfolio.account_id,
                name=portfolio.name,
                is_archived=portfolio.archived_at is not None,
                revision=portfolio.version,
            )
        )

    @contextmanager
    def _account(
        self, owner: str, account_id: str, expected: Expected
    ) -> Iterator[tuple[Books, Account]]:
        with self._account_as_is(owner, account_id, expected) as (books, account):
            if account.archived_at is not None:
                raise ConflictError(f"account {account_id} is archived: it can only be read")
            yield books, account

    @contextmanager
    def _account_as_is(
        self, owner: str, account_id: str, expected: Expected
    ) -> Iterator[tuple[Books, Account]]:
        with self._library.open() as books:
            account = books.accounts.locked(account_id)
            if account.owner != owner:
                raise NotFoundError(f"no account {account_id}")
            expected.require(account.version, f"account {account_id}")
            yield books, account

    @contextmanager
    def _portfolio(
        self, owner: str, portfolio_id: str, expected: Expected
    ) -> Iterator[tuple[Books, Portfolio]]:
        with self._portfolio_as_is(owner, portfolio_id, expected) as (books, portfolio):
            if portfolio.archived_at is not None:
                raise ConflictError(f"portfolio {portfolio_id} is archived: it can only be read")
            yield books, portfolio

    @contextmanager
    def _portfolio_as_is(
        self, owner: str, portfolio_id: str, expected: Expected
    ) -> Iterator[tuple[Books, Portfolio]]:
        with self._library.open() as books:
            portfolio = books.portfolios.locked(owner, portfolio_id)
            expected.require(portfolio.version, f"portfolio {portfolio_id}")
            yield books, portfolio

    def _new(self, books: Books, asked: NewPortfolio, portfolio_id: str) -> Portfolio:
        parent = None if asked.parent_id is None else _parent(books, asked.owner, asked.parent_id)
        is_strategy = asked.kind is PortfolioKind.STRATEGY
        if is_strategy and parent is None:
            fix = "name the portfolio of an account, or a strategy in it"
            raise misplaced("a strategy stands in an account's portfolio", fix)
        made = Portfolio(
            portfolio_id=portfolio_id,
            account_id=parent.account_id if is_strategy and parent else None,
            currency=parent.currency if parent else "USD",
            recorded_at=self._clock.now(),
            **asdict(asked),
        )
        if parent is not None:
            place_below(made, parent)
        return made


def _require_place(books: Books, portfolio: Portfolio, parent_id: str | None) -> None:
    if parent_id is None:
        if portfolio.kind is PortfolioKind.STRATEGY:
            raise misplaced("a strategy stands in a portfolio", "name where to")
        return
    place_below(portfolio, _parent(books, portfolio.owner, parent_id))
    if books.portfolios.is_below(parent_id, portfolio.portfolio_id):
        raise misplaced("it is the portfolio itself, or stands below it", "name another")


def _require_live_parent(books: Books, portfolio: Portfolio) -> None:
    if portfolio.parent_id is None:
        return
    parent = books.portfolios.locked(portfolio.owner, portfolio.parent_id)
    if parent.archived_at is not None:
        raise ConflictError(
            f"{portfolio.name} stands in {parent.name}, which is archived: take that back first"
        )


def _parent(books: Books, owner: str, parent_id: str) -> Portfolio:
    try:
        return books.portfolios.locked(owner, parent_id)
    except NotFoundError:
        raise misplaced(f"no portfolio {parent_id}", "name one of `GET /v1/portfolios`") from None
