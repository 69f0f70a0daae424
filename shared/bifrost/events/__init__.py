"""Facts one capability publishes and others react to. Past tense, immutable, versioned."""

from bifrost.events.base import Event, SequencedEvent, detail_type_of, read_event
from bifrost.events.data import (
    BarClosed,
    BarsImported,
    CorporateActionAnnounced,
    CorporateActionCorrected,
    InstrumentListed,
    bar_stream,
)
from bifrost.events.execution import (
    FillRecorded,
    OrderCancelled,
    OrderEnded,
    OrderExpired,
    OrderFilled,
    OrderReceived,
    OrderRefused,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    fill_stream,
)
from bifrost.events.portfolio import (
    AccountOpened,
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    ChosenPart,
    LotSelectionChanged,
)

__all__ = [
    "AccountOpened",
    "BarClosed",
    "BarsImported",
    "CashChanged",
    "CashDeposited",
    "CashWithdrawn",
    "ChosenPart",
    "CorporateActionAnnounced",
    "CorporateActionCorrected",
    "Event",
    "FillRecorded",
    "InstrumentListed",
    "LotSelectionChanged",
    "OrderCancelled",
    "OrderEnded",
    "OrderExpired",
    "OrderFilled",
    "OrderReceived",
    "OrderRefused",
    "OrderRejected",
    "OrderSubmitted",
    "OrderUnknown",
    "SequencedEvent",
    "bar_stream",
    "detail_type_of",
    "fill_stream",
    "read_event",
]
