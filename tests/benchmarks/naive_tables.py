"""Portfolio's tables as an ORM maps them, for the peer of the ledger's figures."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Tables of portfolio."""

    __table_args__ = ({"schema": "portfolio"},)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class AccountRow(Base):
    """An account."""

    __tablename__ = "accounts"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str]


class TransactionRow(Base):
    """A transaction, with its entries."""

    __tablename__ = "ledger_transactions"
    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    is_market_time: Mapped[bool]
    recorded_at: Mapped[datetime]
    reference: Mapped[str]
    description: Mapped[str]
    event_id: Mapped[str]
    order_id: Mapped[str | None]
    entries: Mapped[int]
    lines: Mapped[list["EntryRow"]] = relationship(order_by="EntryRow.entry_id")


class EntryRow(Base):
    """A line of a transaction."""

    __tablename__ = "ledger_entries"
    entry_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    transaction_id: Mapped[str] = mapped_column(ForeignKey(TransactionRow.transaction_id))
    ledger_account: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Decimal]
    instrument: Mapped[str]
    quantity: Mapped[Decimal | None]


class LotRow(Base):
    """A lot."""

    __tablename__ = "lots"
    lot_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    instrument: Mapped[str]
    currency: Mapped[str]
    opened_at: Mapped[datetime]
    opened_sequence: Mapped[int]
    opened_quantity: Mapped[Decimal]
    opened_cost: Mapped[Decimal]
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]


class ClosureRow(Base):
    """What a transaction closed of a lot."""

    __tablename__ = "lot_closures"
    lot_id: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[str] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]
    proceeds: Mapped[Decimal]


class MarkRow(Base):
    """A price of a session."""

    __tablename__ = "marks"
    instrument: Mapped[str] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    price: Mapped[Decimal]


class HeardRow(Base):
    """An event that was heard."""

    __tablename__ = "inbox"
    event_id: Mapped[str] = mapped_column(primary_key=True)


class StreamRow(Base):
    """How far an account's fills have come."""

    __tablename__ = "streams"
    stream: Mapped[str] = mapped_column(primary_key=True)
    next_sequence: Mapped[int]


class KeyRow(Base):
    """A key of a caller."""

    __tablename__ = "idempotency"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    resource_id: Mapped[str]


class EventRow(Base):
    """An event to be told."""

    __tablename__ = "outbox"
    position: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[str]
    source: Mapped[str]
    detail_type: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]


class JournalRow(Base):
    """What changed an account's books."""

    __tablename__ = "journal"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    is_note: Mapped[bool]
    recorded_at: Mapped[datetime]
    session: Mapped[date]
    detail_type: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
