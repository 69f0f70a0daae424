"""The peer of the ledger's figures: the same books by an ORM, an object for each row.

Written as one writes it first: SQLAlchemy's unit of work, each row sent by itself, everything that
an answer needs loaded as objects and added up in Python. It works on our own tables, under our
triggers and constraints, and what it leaves there is compared with what ours leaves. It asks for no
corporate actions and no choice of lots, as ours does at each fill.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import uuid4

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from bifrost.adapters.postgres.idempotency import body_hash
from bifrost.core.codec import to_json
from bifrost.core.fills import Fill
from bifrost.events import (
    CashDeposited,
    Event,
    FillRecorded,
    LotClosed,
    PositionCause,
    PositionChanged,
    read_event,
)
from bifrost.portfolio.pnl import Pnl
from tests.benchmarks.bookkeeper import Rebuilt
from tests.benchmarks.naive_tables import (
    AccountRow,
    Base,
    ClosureRow,
    EntryRow,
    EventRow,
    HeardRow,
    JournalRow,
    KeyRow,
    LotRow,
    MarkRow,
    StreamRow,
    TransactionRow,
)

PEER = "the same by an ORM, row by row"
_COST = Decimal("1E-12")
_Line = tuple[str, Decimal, str, Decimal | None]


class NaiveBooks:
    """One worker of the peer, with a connection of its own."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.dispose()

    def process_id(self) -> int:
        """Name the server's process that works for this one."""
        with Session(self._engine) as session:
            return int(session.scalar(select(func.pg_backend_pid())) or 0)

    def pnl(self, account_id: str) -> Pnl:
        """Add up what each position made."""
        return sum(self.pnl_by_position(account_id).values(), Pnl())

    def pnl_by_position(self, account_id: str) -> dict[str, Pnl]:
        """Load every entry, every open lot and the newest mark of each, and add up."""
        realised: dict[str, Decimal] = defaultdict(Decimal)
        fees: dict[str, Decimal] = defaultdict(Decimal)
        unrealised: dict[str, Decimal] = defaultdict(Decimal)
        names = set()
        with Session(self._engine) as session:
            entries = select(EntryRow).join(TransactionRow).filter_by(account_id=account_id)
            for entry in session.scalars(entries):
                names.add(entry.instrument)
                if entry.ledger_account == "income:realised":
                    realised[entry.instrument] -= entry.amount
                if entry.ledger_account == "expenses:commission":
                    fees[entry.instrument] -= entry.amount
            lots = select(LotRow).filter_by(account_id=account_id).where(LotRow.quantity != 0)
            for lot in session.scalars(lots):
                marks = select(MarkRow).filter_by(instrument=lot.instrument)
                newest = session.scalars(marks.order_by(MarkRow.occurred_at.desc()).limit(1)).one()
                unrealised[lot.instrument] += lot.quantity * newest.price - lot.cost
        return {
            name: Pnl(realised[name], price_unrealised=unrealised[name], fee=fees[name])
            for name in names
        }

    def deposit(self, account_id: str, amount: Decimal, key: str) -> None:
        """Take cash in, once per key."""
        with Session(self._engine) as session, session.begin():
            account = session.get_one(AccountRow, account_id, with_for_update=True)
            now, number = datetime.now(UTC), str(uuid4())
            scope, digest = f"deposits/{account_id}", body_hash({"amount": f"{amount:f}"})
            if session.get(KeyRow, (scope, key)) is not None:
                return
            _send(session, KeyRow(scope=scope, key=key, body_hash=digest, resource_id=number))
            known = session.scalar(select(func.max(MarkRow.occurred_at)))
            occurred_at = known or now
            event = CashDeposited(
                event_id=str(uuid4()), occurred_at=occurred_at, recorded_at=now,
                correlation_id="bench", account_id=account_id, transaction_id=number,
                amount=amount, currency=account.currency,
            )  # fmt: skip
            row = TransactionRow(
                transaction_id=number, account_id=account_id, kind="deposit",
                occurred_at=occurred_at, is_market_time=known is not None, recorded_at=now,
                reference=f"deposit:{number}", event_id=event.event_id, entries=2,
                description=f"deposit of {amount} {account.currency}",
            )  # fmt: skip
            cash, capital = ("assets:cash", amount), ("equity:capital", -amount)
            lines: list[_Line] = [(*cash, "", None), (*capital, "", None)]
            step = _step(account_id, event, 0, occurred_at)
            _send(session, row, *_entries(number, account.currency, lines), step, _told(event))

    def hear(self, event: FillRecorded) -> None:
        """Book a fill at its place in its account's order; the oldest lots close first."""
        fill = event.fill
        with Session(self._engine) as session, session.begin():
            if session.get(HeardRow, event.event_id) is not None:
                return
            _send(session, HeardRow(event_id=event.event_id))
            stream = session.get(StreamRow, event.stream, with_for_update=True)
            if stream is None:
                stream = StreamRow(stream=event.stream, next_sequence=1)
                _send(session, stream)
            if stream.next_sequence != event.sequence:
                raise ValueError(f"{event.stream} is at {stream.next_sequence}")
            stream.next_sequence += 1
            session.get_one(AccountRow, fill.account_id, with_for_update=True)
            reference = f"fill:{fill.venue}:{fill.execution_id}"
            same = select(TransactionRow).filter_by(account_id=fill.account_id, reference=reference)
            if session.scalars(same).first() is not None:
                return
            lots = session.scalars(
                select(LotRow)
                .filter_by(account_id=fill.account_id, instrument=fill.instrument)
                .where(LotRow.quantity != 0)
                .order_by(LotRow.opened_sequence)
            ).all()
            number = str(uuid4())
            booked = _book(event, number, lots)
            row = TransactionRow(
                transaction_id=number, account_id=fill.account_id, kind="fill",
                occurred_at=fill.occurred_at, is_market_time=True, recorded_at=datetime.now(UTC),
                reference=reference, event_id=event.event_id, order_id=fill.order_id,
                description=f"{fill.side} {fill.quantity} {fill.instrument} at {fill.price}",
                entries=len(booked.entries),
            )  # fmt: skip
            _send(session, row, *booked.entries, *booked.closures, *booked.opened)
            left = [lot for lot in (*lots, *booked.opened) if lot.quantity != 0]
            changed = _changed(event, number, booked, left)
            step = _step(fill.account_id, event, event.sequence, fill.occurred_at)
            _send(session, step, *map(_told, (changed, *_closed(event, booked.closures, lots))))

    def rebuild(self, account_id: str) -> Rebuilt:
        """Load the journal's fills and make every row again; add up at the end."""
        entries: list[EntryRow] = []
        lots: dict[str, list[LotRow]] = defaultdict(list)
        with Session(self._engine) as session:
            journal = select(JournalRow).filter_by(account_id=account_id)
            order = JournalRow.place, JournalRow.is_note, JournalRow.recorded_at
            for row in session.scalars(journal.order_by(*order)).all():
                event = read_event(row.detail_type, row.detail)
                if not isinstance(event, FillRecorded):
                    raise TypeError(f"the peer plays fills alone, not {row.detail_type}")
                own = lots[event.fill.instrument]
                booked = _book(event, str(uuid4()), own)
                entries += booked.entries
                own[:] = [lot for lot in own if lot.quantity != 0]
                own += booked.opened
        balances: dict[str, Decimal] = defaultdict(Decimal)
        for entry in entries:
            balances[entry.ledger_account] += entry.amount
        held = {lot.lot_id: (lot.quantity, lot.cost) for own in lots.values() for lot in own}
        return Rebuilt(len(entries), dict(balances), held)


@dataclass(frozen=True, slots=True)
class Booked:
    """The rows that a fill makes."""

    entries: list[EntryRow]
    closures: list[ClosureRow]
    opened: list[LotRow]


def _book(event: FillRecorded, transaction_id: str, lots: Sequence[LotRow]) -> Booked:
    """Take a fill from the lots, the oldest first, and say which rows it makes."""
    fill = event.fill
    closures, left = _close(fill, transaction_id, lots)
    closed = sum((one.cost for one in closures), Decimal(0))
    realised = sum((one.proceeds for one in closures), Decimal(0)) - closed
    cost = left * fill.price
    traded = fill.signed_quantity * fill.price
    lines: list[_Line] = [
        ("assets:cash", -traded - fill.commission, "", None),
        (f"assets:positions:{fill.instrument}", cost - closed, fill.instrument,
         fill.signed_quantity),
        ("income:realised", -realised, fill.instrument, None),
        ("expenses:commission", fill.commission, fill.instrument, None),
    ]  # fmt: skip
    lines = [line for line in lines if line[1] != 0 or line[3] is not None]
    lot = LotRow(
        lot_id=f"{fill.venue}:{fill.execution_id}", account_id=fill.account_id,
        instrument=fill.instrument, currency=fill.currency, opened_at=fill.occurred_at,
        opened_sequence=event.sequence, opened_quantity=left, opened_cost=cost, quantity=left,
        cost=cost,
    )  # fmt: skip
    return Booked(_entries(transaction_id, fill.currency, lines), closures, [lot] if left else [])


def _close(
    fill: Fill, transaction_id: str, lots: Sequence[LotRow]
) -> tuple[list[ClosureRow], Decimal]:
    """Take the fill from the lots; return what it closed, and what is left of it to open."""
    closures = []
    left = fill.signed_quantity
    for lot in lots:
        if left * lot.quantity >= 0:
            break
        size = min(abs(left), abs(lot.quantity)).copy_sign(lot.quantity)
        cost = lot.cost
        if size != lot.quantity:
            cost = (lot.cost * size / lot.quantity).quantize(_COST, ROUND_HALF_EVEN)
        lot.quantity -= size
        lot.cost -= cost
        left += size
        closures.append(
            ClosureRow(
                lot_id=lot.lot_id,
                transaction_id=transaction_id,
                closed_at=fill.occurred_at,
                quantity=size,
                cost=cost,
                proceeds=size * fill.price,
            )
        )
    return closures, left


def _entries(transaction_id: str, currency: str, lines: Sequence[_Line]) -> list[EntryRow]:
    return [
        EntryRow(
            transaction_id=transaction_id, ledger_account=account, currency=currency,
            amount=amount, instrument=instrument, quantity=quantity,
        )
        for account, amount, instrument, quantity in lines
    ]  # fmt: skip


def _changed(
    event: FillRecorded, transaction_id: str, booked: Booked, lots: Sequence[LotRow]
) -> PositionChanged:
    fill = event.fill
    [moved] = [entry for entry in booked.entries if entry.quantity is not None]
    return PositionChanged(
        event_id=str(uuid4()), occurred_at=fill.occurred_at, recorded_at=datetime.now(UTC),
        correlation_id=event.correlation_id, account_id=fill.account_id,
        transaction_id=transaction_id, instrument=fill.instrument, cause=PositionCause.FILL,
        quantity_change=fill.signed_quantity, cost_change=moved.amount,
        quantity=sum((lot.quantity for lot in lots), Decimal(0)),
        cost=sum((lot.cost for lot in lots), Decimal(0)), currency=fill.currency,
    )  # fmt: skip


def _closed(
    event: FillRecorded, closures: Sequence[ClosureRow], lots: Sequence[LotRow]
) -> list[LotClosed]:
    opened_at = {lot.lot_id: lot.opened_at for lot in lots}
    return [
        LotClosed(
            event_id=str(uuid4()), occurred_at=event.occurred_at, recorded_at=datetime.now(UTC),
            correlation_id=event.correlation_id, account_id=event.fill.account_id,
            transaction_id=one.transaction_id, lot_id=one.lot_id,
            instrument=event.fill.instrument, currency=event.fill.currency,
            opened_at=opened_at[one.lot_id], quantity=one.quantity, cost=one.cost,
            proceeds=one.proceeds,
        )
        for one in closures
    ]  # fmt: skip


def _step(account_id: str, event: Event, place: int, at: datetime) -> JournalRow:
    return JournalRow(
        account_id=account_id, place=place, is_note=False, recorded_at=event.recorded_at,
        event_id=event.event_id, session=at.date(), detail_type=event.detail_type,
        detail=to_json(event),
    )  # fmt: skip


def _told(event: Event) -> EventRow:
    return EventRow(
        event_id=event.event_id, source=event.source, detail_type=event.detail_type,
        detail=to_json(event), recorded_at=event.recorded_at,
    )  # fmt: skip


def _send(session: Session, *rows: Base) -> None:
    """Write each row now: left to the end, the unit of work would gather them."""
    for row in rows:
        session.add(row)
        session.flush()
