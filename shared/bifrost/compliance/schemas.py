"""Compliance's JSON over HTTP; dates are the market's, a replay's included."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, model_validator

from bifrost.compliance.ports import Entry, LoggedDecision, Restriction
from bifrost.wire.dates import AsOfClock, MarketDate, require_order
from bifrost.wire.identifiers import Identifier
from bifrost.wire.reasons import ReasonSheet
from bifrost.wire.texts import Reason

# Before any market data: what names no first date holds on every date, a replay's included.
ALWAYS = date(1900, 1, 1)


class RestrictionBody(BaseModel):
    """Why and when an instrument is restricted, in one account or in all.

    effective_from: the first date; every date if absent.
    effective_until: the first date on which it no longer is; null while that is open.
    """

    model_config = ConfigDict(extra="forbid")

    effective_from: MarketDate = ALWAYS
    effective_until: MarketDate | None = None
    reason: Reason
    account_id: Identifier | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> "RestrictionBody":
        require_order(self.effective_from, self.effective_until)
        return self

    def to_restriction(self, instrument: str) -> Restriction:
        """Read the body as a restriction of `instrument`."""
        return Restriction(
            instrument=instrument,
            account_id=self.account_id,
            effective_from=self.effective_from,
            effective_until=self.effective_until,
            reason=self.reason,
        )


class RestrictedInstrument(BaseModel):
    """A row of the restricted list; it is kept after it has ended."""

    model_config = ConfigDict(extra="forbid")

    entry_id: int
    instrument: str
    account_id: str | None
    effective_from: MarketDate
    effective_until: MarketDate | None
    reason: str
    added_by: str
    recorded_at: datetime
    ended_by: str | None

    @classmethod
    def of(cls, entry: Entry) -> "RestrictedInstrument":
        """Show a row."""
        what = entry.restriction
        return cls(
            entry_id=entry.entry_id,
            instrument=what.instrument,
            account_id=what.account_id,
            effective_from=what.effective_from,
            effective_until=what.effective_until,
            reason=what.reason,
            added_by=entry.added_by,
            recorded_at=entry.recorded_at,
            ended_by=entry.ended_by,
        )


class RestrictedListPage(BaseModel):
    """What is restricted on one date."""

    model_config = ConfigDict(extra="forbid")

    as_of: MarketDate
    as_of_clock: AsOfClock
    items: list[RestrictedInstrument]


class AppliedRule(BaseModel):
    """The version of a rule by which an order was judged."""

    model_config = ConfigDict(extra="forbid")

    rule_id: str
    version: int
    effective_from: MarketDate
    effective_until: MarketDate | None
    source: str
    profile: str


class DecisionSheet(BaseModel):
    """A decision on an order; `input_hash` names everything that it was decided by."""

    model_config = ConfigDict(extra="forbid")

    decision_id: str
    order_id: str
    account_id: str
    accepted: bool
    reasons: list[ReasonSheet]
    rules: list[AppliedRule]
    input_hash: str
    code_version: str
    occurred_at: datetime
    recorded_at: datetime

    @classmethod
    def of(cls, logged: LoggedDecision) -> "DecisionSheet":
        """Show an entry of the log."""
        return cls(
            decision_id=logged.decision_id,
            order_id=logged.order_id,
            account_id=logged.account_id,
            accepted=logged.decision.accepted,
            reasons=[ReasonSheet.of(reason) for reason in logged.decision.reasons],
            rules=[AppliedRule.model_validate(rule) for rule in logged.rules],
            input_hash=logged.input_hash,
            code_version=logged.code_version,
            occurred_at=logged.occurred_at,
            recorded_at=logged.recorded_at,
        )


class DecisionPage(BaseModel):
    """What was decided on an order; empty where nothing was, or where it is not the caller's."""

    model_config = ConfigDict(extra="forbid")

    items: list[DecisionSheet]
