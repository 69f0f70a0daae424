"""The JSON of providers: whom the desk may ask, and how each stands."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bifrost.data.providers.breaking import CircuitState
from bifrost.data.providers.vendor_states import AnswerKind, VendorSheet


class ProviderSheet(BaseModel):
    """A provider of bars and corporate actions.

    configured: the desk has what it needs; else `missing` names the settings. circuit: while it is
    `open` nobody asks, `since` then; `half_open`: one call is trying. failures: in a row.
    calls_left: how many may go now. paused_until: before then the provider answers nobody.
    last_answer: what it said last, of whatever it was asked; absent where nobody asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    configured: bool
    missing: tuple[str, ...]
    circuit: CircuitState
    circuit_since: datetime | None
    failures: int
    calls_left: int
    calls_per_minute: int
    paused_until: datetime | None
    last_answer: AnswerKind | None
    last_reason: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, sheet: VendorSheet) -> "ProviderSheet":
        """Say it in JSON's words."""
        circuit, last = sheet.state.circuit, sheet.state.last
        return cls(
            provider=sheet.name,
            configured=not sheet.missing,
            missing=sheet.missing,
            circuit=circuit.state,
            circuit_since=circuit.since,
            failures=circuit.failures,
            calls_left=max(0, int(sheet.calls_left)),
            calls_per_minute=round(sheet.calls_per_minute),
            paused_until=sheet.state.bucket.paused_until,
            last_answer=None if last is None else last.kind,
            last_reason=None if last is None else last.reason or None,
            answered_at=None if last is None else last.at,
        )


class ProviderList(BaseModel):
    """Every provider, the best source first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[ProviderSheet, ...]

    @classmethod
    def of(cls, sheets: Sequence[VendorSheet]) -> "ProviderList":
        """Say it in JSON's words."""
        return cls(items=tuple(ProviderSheet.of(sheet) for sheet in sheets))
