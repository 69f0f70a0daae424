"""Facts one capability publishes and others react to. Past tense, immutable, versioned.

A publisher's module is loaded when one of its events is first asked for: a task that tells of an
order does not pay for the classes of every other capability.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bifrost.events.base import Event, SequencedEvent, detail_type_of, read_event
    from bifrost.events.data import (
        BarClosed,
        BarsImported,
        BarsTaken,
        CorporateActionAnnounced,
        CorporateActionCorrected,
        InstrumentListed,
        TicksTaken,
        bar_stream,
    )
    from bifrost.events.execution import (
        OrderCancelled,
        OrderEnded,
        OrderExpired,
        OrderFilled,
        OrderReceived,
        OrderRefused,
        OrderRejected,
        OrderRestated,
        OrderSubmitted,
        OrderUnknown,
    )
    from bifrost.events.execution_fills import FillRecorded, fill_stream
    from bifrost.events.portfolio import (
        AccountOpened,
        CashChanged,
        CashDeposited,
        CashWithdrawn,
        ChosenPart,
        LotClosed,
        LotSelectionChanged,
        PositionCause,
        PositionChanged,
        ReconciliationBroken,
        StrategyChanged,
        ValuationRecorded,
    )

__all__ = [
    "AccountOpened",
    "BarClosed",
    "BarsImported",
    "BarsTaken",
    "CashChanged",
    "CashDeposited",
    "CashWithdrawn",
    "ChosenPart",
    "CorporateActionAnnounced",
    "CorporateActionCorrected",
    "Event",
    "FillRecorded",
    "InstrumentListed",
    "LotClosed",
    "LotSelectionChanged",
    "OrderCancelled",
    "OrderEnded",
    "OrderExpired",
    "OrderFilled",
    "OrderReceived",
    "OrderRefused",
    "OrderRejected",
    "OrderRestated",
    "OrderSubmitted",
    "OrderUnknown",
    "PositionCause",
    "PositionChanged",
    "ReconciliationBroken",
    "SequencedEvent",
    "StrategyChanged",
    "TicksTaken",
    "ValuationRecorded",
    "bar_stream",
    "detail_type_of",
    "fill_stream",
    "read_event",
]

_NAMES = {
    "base": (
        "Event",
        "SequencedEvent",
        "detail_type_of",
        "read_event",
    ),
    "data": (
        "BarClosed",
        "BarsImported",
        "BarsTaken",
        "CorporateActionAnnounced",
        "CorporateActionCorrected",
        "InstrumentListed",
        "TicksTaken",
        "bar_stream",
    ),
    "execution": (
        "OrderCancelled",
        "OrderEnded",
        "OrderExpired",
        "OrderFilled",
        "OrderReceived",
        "OrderRefused",
        "OrderRejected",
        "OrderRestated",
        "OrderSubmitted",
        "OrderUnknown",
    ),
    "execution_fills": ("FillRecorded", "fill_stream"),
    "portfolio": (
        "AccountOpened",
        "CashChanged",
        "CashDeposited",
        "CashWithdrawn",
        "ChosenPart",
        "LotClosed",
        "LotSelectionChanged",
        "PositionCause",
        "PositionChanged",
        "ReconciliationBroken",
        "StrategyChanged",
        "ValuationRecorded",
    ),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"{__name__} has no {name}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
