"""Every event survives the wire, names its publisher, and says what a listener needs."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bifrost import events
from bifrost.core.codec import to_json
from bifrost.core.decisions import Reason
from bifrost.events import (
    ChosenPart,
    Event,
    PositionCause,
    SequencedEvent,
    bar_stream,
    fill_stream,
    read_event,
)
from bifrost.events.base import detail_type_of, is_known
from tests.action_builders import action, split
from tests.builders import FIRST_CLOSE, bar, fill, instrument, sell

ONE = Decimal("1.50")
VALUES: dict[str, Any] = {
    "str": "text",
    "datetime": FIRST_CLOSE,
    "date": date(2012, 1, 3),
    "int": 7,
    "bool": True,
    "Decimal": ONE,
    "decimal.Decimal | None": ONE,
    "str, ...": ("text",),
    "PositionCause": PositionCause.FILL,
    "ChosenPart, ...": (ChosenPart("lot-1", ONE),),
    "tuple": (Reason("order_notional", limit=ONE, value=ONE, headroom=ONE, unit="USD"),),
    "Instrument": instrument(),
    "Bar": bar(1, "1.50"),
    # Of a revision above the 7 that it corrects.
    "CorporateAction": action(split("4", "1"), revision=8),
    "Fill": fill(1, "1.50", "1.50", commission="1.50"),
    "OrderIntent": sell("1.50", limit="1.50", stop="1.50"),
}
KINDS: list[type[Event]] = [
    kind
    for kind in (getattr(events, name) for name in events.__all__)
    if isinstance(kind, type) and issubclass(kind, Event) and is_known(detail_type_of(kind))
]


def example(kind: type[Event]) -> Event:
    """Make an event with a value for every field."""
    return kind(**{field.name: VALUES[_kind_of(field.type)] for field in dataclasses.fields(kind)})


def _kind_of(annotation: Any) -> str:
    name = getattr(annotation, "__name__", str(annotation))
    items = [getattr(one, "__name__", "...") for one in getattr(annotation, "__args__", ())]
    return ", ".join(items) if ", ".join(items) in VALUES else name


@pytest.mark.parametrize("kind", KINDS, ids=detail_type_of)
def test_an_event_survives_the_wire(kind: type[Event]) -> None:
    event = example(kind)

    assert read_event(event.detail_type, json.loads(json.dumps(to_json(event)))) == event


@pytest.mark.parametrize("kind", KINDS, ids=detail_type_of)
def test_an_event_names_the_capability_of_its_module(kind: type[Event]) -> None:
    module = kind.__module__.rpartition(".")[2]

    assert kind.source == f"bifrost.{module.partition('_')[0]}"


@pytest.mark.parametrize("kind", KINDS, ids=detail_type_of)
def test_an_event_with_a_field_more_or_less_is_refused(kind: type[Event]) -> None:
    detail = to_json(example(kind))

    with pytest.raises(ValueError, match="has no field surprise"):
        read_event(detail_type_of(kind), {**detail, "surprise": 1})
    with pytest.raises(ValueError, match="event_id is missing"):
        read_event(detail_type_of(kind), {k: v for k, v in detail.items() if k != "event_id"})


@pytest.mark.parametrize("kind", KINDS, ids=detail_type_of)
def test_an_event_cannot_be_changed(kind: type[Event]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example(kind).event_id = "another"  # type: ignore[misc]


def test_an_event_nobody_knows_is_refused() -> None:
    assert not is_known("OrderInvented.v1")
    with pytest.raises(ValueError, match=r"no event is called OrderInvented\.v1"):
        read_event("OrderInvented.v1", {})


def test_what_must_be_applied_in_order_is_counted_in_a_stream() -> None:
    assert {kind.__name__ for kind in KINDS if issubclass(kind, SequencedEvent)} == {
        "BarClosed",
        "FillRecorded",
    }
    assert bar_stream("AAPL") == "bars:AAPL"
    assert fill_stream("a-1") == "fills:a-1"


@pytest.mark.parametrize("kind", [events.BarClosed, events.FillRecorded])
@pytest.mark.parametrize("sequence", [0, -1, 2**63])
def test_a_place_that_no_stream_has_is_refused(kind: type[Event], sequence: int) -> None:
    detail = {**to_json(example(kind)), "sequence": sequence}

    with pytest.raises(ValueError, match="sequence counts from 1"):
        read_event(detail_type_of(kind), detail)


@pytest.mark.parametrize("kind", [events.CashDeposited, events.CashWithdrawn])
@pytest.mark.parametrize("amount", ["0", "-5", "1e400", "1000000000000000.01"])
def test_cash_that_no_account_can_move_is_refused(kind: type[Event], amount: str) -> None:
    detail = {**to_json(example(kind)), "amount": amount}

    with pytest.raises(ValueError, match="amount must be above 0"):
        read_event(detail_type_of(kind), detail)


@pytest.mark.parametrize(
    "change", [{"commission": "-1"}, {"quantity": "1e400"}, {"price": "1e400"}, {"price": "-1"}]
)
def test_a_fill_that_no_venue_can_report_is_refused(change: dict[str, str]) -> None:
    detail = to_json(example(events.FillRecorded))

    with pytest.raises(ValueError, match=r"negative|beyond|positive"):
        read_event("FillRecorded.v1", {**detail, "fill": {**detail["fill"], **change}})


def test_a_bar_with_a_price_beyond_any_is_refused() -> None:
    detail = to_json(example(events.BarClosed))

    with pytest.raises(ValueError, match="beyond"):
        read_event("BarClosed.v1", {**detail, "bar": {**detail["bar"], "high": "1e400"}})
