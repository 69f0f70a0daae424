"""Booking what moves cash without a trade, and correcting it by the opposite transaction.

Nothing is changed or taken away: a correction is a transaction of its own that names the one it
reverses and says why. What others have to say first is not corrected here: a fill is its venue's,
a deposit is undone by a withdrawal, which risk has to agree to.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bifrost.core.decisions import Reason
from bifrost.core.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    RefusedError,
)
from bifrost.core.money import Money, exact_sum
from bifrost.events import CashChanged, PositionCause
from bifrost.portfolio.accounts import Account, AccountKind, OwedAs
from bifrost.portfolio.cash_flows import (
    EXPENSES,
    INCOME,
    OF_INSTRUMENT,
    CapitalReturn,
    CashFlowKind,
    capital_entries,
    cash_changes,
    expense_entries,
    fx_entries,
    income_entries,
    return_capital,
)
from bifrost.portfolio.catching_up import bring_up
from bifrost.portfolio.corporate_actions.change import reversed_entries
from bifrost.portfolio.imports.booking import ORIGIN
from bifrost.portfolio.journal import step_of
from bifrost.portfolio.ledger import CASH, Entry, Posting, position_account
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Books, Clock, Ids, Library, LotAdjustment, Posted
from bifrost.portfolio.service import live_account, market_time, noted_session
from bifrost.portfolio.sessions import BEFORE_ALL, SessionOf, utc_session
from bifrost.portfolio.telling import Moment, Teller, moved
from bifrost.portfolio.valuation import Balance

REVERSAL = "reversal"
NO_CREDIT = "no_credit"

MarketTime = tuple[datetime, bool]


@dataclass(frozen=True, slots=True)
class CashFlowRequest:
    """A cash flow as its caller asked for it; `amount` is above zero whichever way it goes.

    currency: None is the account's.
    counter: of an exchange, what was bought for the amount.
    """

    owner: str
    account_id: str
    kind: CashFlowKind
    amount: Decimal
    currency: str | None
    instrument: str
    counter: Money | None
    key: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class ReversalRequest:
    """A correction as its caller asked for it."""

    owner: str
    account_id: str
    transaction_id: str
    reason: str
    key: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a posting says by itself; the rest is when and where."""

    transaction_id: str
    kind: str
    reference: str
    description: str
    entries: tuple[Entry, ...]
    reverses: str | None = None


class CashFlows:
    """Books cash flows and their corrections."""

    def __init__(
        self, library: Library, clock: Clock, ids: Ids, session_of: SessionOf = utc_session
    ) -> None:
        self._library = library
        self._clock = clock
        self._ids = ids
        self._session_of = session_of

    def book(self, asked: CashFlowRequest) -> Posted:
        """Book the flow, once per key."""
        with self._library.open() as books:
            account = live_account(books, asked.owner, asked.account_id)
            transaction_id = self._ids.new()
            known = books.keys.claim(
                scope=f"cash-flows/{account.account_id}",
                key=asked.key,
                body=_body(asked),
                resource_id=transaction_id,
            )
            if known is None:
                _check(books, account, asked)
                self._book(books, account, asked, transaction_id)
            return books.ledger.transaction(account.account_id, known or transaction_id)

    def reverse(self, asked: ReversalRequest) -> Posted:
        """Undo a booked flow, once. Raises ConflictError where it was undone, or may not be."""
        with self._library.open() as books:
            account = live_account(books, asked.owner, asked.account_id)
            wrong = books.ledger.transaction(account.account_id, asked.transaction_id)
            transaction_id = self._ids.new()
            known = books.keys.claim(
                scope=f"reversals/{account.account_id}",
                key=asked.key,
                body={"transaction_id": wrong.transaction_id, "reason": asked.reason},
                resource_id=transaction_id,
            )
            if known is None:
                _check_reversible(books, wrong)
                self._reverse(books, account, wrong, asked, transaction_id)
            return books.ledger.transaction(account.account_id, known or transaction_id)

    def _book(
        self, books: Books, account: Account, asked: CashFlowRequest, transaction_id: str
    ) -> None:
        money = Money(asked.amount, asked.currency or account.currency)
        market: MarketTime | None = None
        lots: list[Lot] = []
        returned: CapitalReturn | None = None
        if asked.kind is CashFlowKind.RETURN_OF_CAPITAL:
            # It is spread over the lots as they are today.
            market = self._bring_up(books, account, asked.correlation_id)
            lots = books.lots.open_lots(account.account_id, asked.instrument)
            _check_long(lots, asked.instrument, money.currency)
            returned = return_capital(lots, money.amount)
            entries = capital_entries(returned, money, asked.instrument)
        else:
            entries = _entries(asked, money)
        about = f" of {asked.instrument}" if asked.instrument else ""
        draft = _Draft(
            transaction_id=transaction_id,
            kind=asked.kind.value,
            reference=f"{asked.kind}:{transaction_id}",
            description=f"{asked.kind.replace('_', ' ')}{about}: {money.amount} {money.currency}",
            entries=entries,
        )
        posting = self._posting(books, account, draft, market)
        books.ledger.post(posting)
        if returned is not None:
            books.lots.adjust(posting, _by_sequence(lots), list(returned.lots))
        # An import is told to nobody, and so are flows of what it brought.
        is_journaled = all(lot.sequence > 0 for lot in lots)
        self._tell(
            books,
            account,
            posting,
            asked.instrument,
            asked.correlation_id,
            is_journaled=is_journaled,
        )

    def _reverse(
        self,
        books: Books,
        account: Account,
        wrong: Posted,
        asked: ReversalRequest,
        transaction_id: str,
    ) -> None:
        undone = books.lots.adjustments(wrong.transaction_id)
        _check_untouched(undone, wrong.transaction_id)
        draft = _Draft(
            transaction_id=transaction_id,
            kind=REVERSAL,
            reference=f"reversal:{wrong.transaction_id}",
            description=asked.reason,
            entries=reversed_entries(wrong.entries),
            reverses=wrong.transaction_id,
        )
        posting = self._posting(books, account, draft)
        books.ledger.post(posting)
        if undone:
            books.lots.readjust(posting, undone)
        instrument = next((line.instrument for line in wrong.entries if line.instrument), "")
        self._tell(books, account, posting, instrument, asked.correlation_id)

    def _bring_up(self, books: Books, account: Account, correlation_id: str) -> MarketTime:
        """Let the account meet what comes before a flow of the market's session; say when it is."""
        moment = Moment(self._ids, self._clock.now(), correlation_id)
        met = bring_up(books, account.account_id, moment)
        at, is_known = market_time(books, moment.now)
        if is_known and self._session_of(at) > met.by(BEFORE_ALL):
            # The session began meanwhile.
            met = bring_up(books, account.account_id, moment)
        # What is heard later of its actions comes before the flow too, as in every replay.
        books.actions.advance(account.account_id, met.by(BEFORE_ALL), met.newest)
        return at, is_known

    def _posting(
        self, books: Books, account: Account, draft: _Draft, market: MarketTime | None = None
    ) -> Posting:
        now = self._clock.now()
        occurred_at, is_market_time = market or market_time(books, now)
        return Posting(
            transaction_id=draft.transaction_id,
            account_id=account.account_id,
            kind=draft.kind,
            reference=draft.reference,
            description=draft.description,
            event_id=self._ids.new(),
            occurred_at=occurred_at,
            recorded_at=now,
            entries=draft.entries,
            is_market_time=is_market_time,
            reverses=draft.reverses,
        )

    def _tell(
        self,
        books: Books,
        account: Account,
        posting: Posting,
        instrument: str,
        correlation_id: str,
        *,
        is_journaled: bool = True,
    ) -> None:
        # The first event has the id that the transaction shows: of the account's currency, whose
        # buying power a caller waits for.
        changes = cash_changes(posting.entries)
        changes.sort(key=lambda change: change.currency != account.currency)
        made = [
            CashChanged(
                event_id=posting.event_id if number == 0 else self._ids.new(),
                occurred_at=posting.occurred_at,
                recorded_at=posting.recorded_at,
                correlation_id=correlation_id,
                account_id=account.account_id,
                transaction_id=posting.transaction_id,
                kind=posting.kind,
                amount=change.amount,
                currency=change.currency,
                account_currency=account.currency,
                instrument=instrument,
                reverses=posting.reverses or "",
                after_fill=books.facts.fills_applied(account.account_id),
            )
            for number, change in enumerate(changes)
        ]
        session = noted_session(posting, self._session_of)
        for event in made if is_journaled else ():
            books.journal.add(account.account_id, step_of(event, session))
        moment = Moment(self._ids, posting.recorded_at, correlation_id)
        teller = Teller(account, moment, posting.transaction_id, posting.occurred_at)
        changed = moved(posting.entries)
        lots = books.lots.open_lots(account.account_id, instrument) if changed else []
        positions = teller.positions(PositionCause.CASH_FLOW, changed, lots)
        books.facts.publish(*made, *positions)


def _body(asked: CashFlowRequest) -> dict[str, str | None]:
    counter = asked.counter
    return {
        "kind": asked.kind.value,
        "amount": f"{asked.amount.normalize():f}",
        "currency": asked.currency,
        "instrument": asked.instrument,
        "counter": f"{counter.amount.normalize():f} {counter.currency}" if counter else None,
    }


def _entries(asked: CashFlowRequest, money: Money) -> tuple[Entry, ...]:
    if asked.kind in INCOME:
        return income_entries(asked.kind, money, asked.instrument)
    if asked.kind in EXPENSES:
        return expense_entries(asked.kind, money, asked.instrument)
    if asked.counter is None:
        raise AssertionError("an exchange was checked to have its counter amount")
    return fx_entries(money, asked.counter)


def _by_sequence(lots: list[Lot]) -> list[Lot]:
    return sorted(lots, key=lambda one: one.sequence)


def _check(books: Books, account: Account, asked: CashFlowRequest) -> None:
    currency = asked.currency or account.currency
    balances = books.ledger.balances(account.account_id)
    problems = [*_instrument_problems(asked, balances), *_counter_problems(asked, currency)]
    if problems:
        raise InvalidInputError(*problems)
    rule = _paid_from_cash(account, asked.kind)
    own = [b for b in balances if b.ledger_account == CASH and b.currency == currency]
    cash = exact_sum(b.amount for b in own)
    if rule and cash < asked.amount:
        free = max(cash, Decimal(0))
        subject = account.kind if rule == NO_CREDIT else ""
        raise RefusedError(Reason(rule, cash, asked.amount, free, currency, subject))


def _paid_from_cash(account: Account, kind: CashFlowKind) -> str | None:
    """Name the rule by which there must be enough cash; None where the account may owe it.

    What a person books is no custodian's word: that it charged more than there was, an import of
    its statement says.
    """
    if kind is CashFlowKind.FX:
        return "cash"
    may_owe = AccountKind(account.kind).owes_as is OwedAs.LOAN
    return NO_CREDIT if kind in EXPENSES and not may_owe else None


def _instrument_problems(asked: CashFlowRequest, balances: list[Balance]) -> list[FieldProblem]:
    held = {b.ledger_account for b in balances if b.instrument}
    if not asked.instrument:
        fix = f"name the instrument of the {asked.kind}"
        is_missing = asked.kind in OF_INSTRUMENT
        return [FieldProblem("instrument", "is missing", fix)] if is_missing else []
    if asked.kind is CashFlowKind.FX:
        return [FieldProblem("instrument", "has nothing to do with fx", "leave it out")]
    if position_account(asked.instrument) not in held:
        problem = f"{asked.instrument} was never held in this account"
        return [FieldProblem("instrument", problem, "name an instrument that it holds or held")]
    return []


def _counter_problems(asked: CashFlowRequest, currency: str) -> list[FieldProblem]:
    if asked.kind is not CashFlowKind.FX:
        is_there = asked.counter is not None
        return [FieldProblem("counter_amount", "is of fx only", "leave it out")] if is_there else []
    if asked.counter is None:
        fix = "send counter_amount and counter_currency: what was bought for the amount"
        return [FieldProblem("counter_amount", "is missing", fix)]
    if asked.counter.currency == currency:
        problem = "is the one that was sold"
        return [FieldProblem("counter_currency", problem, "send two currencies")]
    return []


def _check_long(lots: list[Lot], instrument: str, currency: str) -> None:
    problem = None
    if not lots or any(lot.quantity < 0 for lot in lots):
        problem = f"{instrument} is not held long, so no capital of it comes back"
    elif any(lot.currency != currency for lot in lots):
        problem = f"the lots of {instrument} are in {lots[0].currency}, not {currency}"
    if problem:
        fix = "name an instrument that is held, and pay in its currency"
        raise InvalidInputError(FieldProblem("instrument", problem, fix))


def _check_reversible(books: Books, wrong: Posted) -> None:
    if wrong.reference.startswith(f"{ORIGIN}:"):
        # Its correction would be told to the venue, which never heard of what it corrects.
        raise ConflictError(f"{wrong.transaction_id} was imported: undo import {wrong.event_id}")
    if wrong.kind not in set(CashFlowKind):
        fixes = {
            "deposit": "withdraw it",
            "withdrawal": "deposit it",
            "fill": "the venue corrects its own fills",
            REVERSAL: "book the flow again",
        }
        fix = fixes.get(wrong.kind, "correct it where it came from")
        raise ConflictError(f"a {wrong.kind} is not reversed here: {fix}")
    reversal = books.ledger.reversal_of(wrong.transaction_id)
    if reversal is not None:
        raise ConflictError(f"{wrong.transaction_id} was reversed by {reversal}")


def _check_untouched(undone: list[LotAdjustment], transaction_id: str) -> None:
    for one in undone:
        if one.is_revised:
            raise ConflictError(
                f"lot {one.lot_id} was changed by a corporate action since {transaction_id}:"
                " book a flow the other way"
            )
        if one.open_quantity != one.quantity:
            raise ConflictError(
                f"lot {one.lot_id} has been sold from since {transaction_id} changed its cost:"
                " what that sale realised would change with it"
            )
