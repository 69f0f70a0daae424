"""The JSON of corporate actions."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bifrost.core.codec import to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.import_service import AnnouncedActions
from bifrost.data.ports import StoredAction

# With its quoting it stays inside the body that any address takes.
TEXT_MAX = 50_000


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActionsBody(_Sheet):
    """A file of corporate actions as CSV: its header names the columns that its rows fill."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=TEXT_MAX,
            examples=[
                "action_id,vendor,revision,kind,instrument,currency,ex_date,new_shares,old_shares\n"
                "aapl-2014,acme,1,split,AAPL,USD,2014-06-09,7,1\n"
            ],
        ),
    ]


class ActionSheet(_Sheet):
    """A revision of a corporate action; `terms` are those of its kind."""

    action_id: str
    vendor: str
    revision: int
    kind: str
    instrument: str
    currency: str
    ex_date: date
    record_date: date | None
    pay_date: date | None
    withdrawn: bool
    terms: dict[str, Any]

    @classmethod
    def of(cls, action: CorporateAction) -> "ActionSheet":
        """Show a revision."""
        plain = {
            name: getattr(action, name)
            for name in cls.model_fields
            if name not in ("kind", "terms")
        }
        return cls(**plain, kind=action.kind.value, terms=to_json(action.terms))


class StoredActionSheet(ActionSheet):
    """A revision, and when we learned of it."""

    recorded_at: datetime

    @classmethod
    def stored(cls, found: StoredAction) -> "StoredActionSheet":
        """Show a stored revision."""
        shown = ActionSheet.of(found.action).model_dump()
        return cls(**shown, recorded_at=found.recorded_at)


class ActionPage(_Sheet):
    """A page of corporate actions in the order they came in; `next_cursor` asks for the next."""

    items: list[StoredActionSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[StoredAction], limit: int) -> "ActionPage":
        """Show the first `limit` of these."""
        shown = found[:limit]
        return cls(
            items=[StoredActionSheet.stored(one) for one in shown],
            next_cursor=str(shown[-1].place) if len(found) > limit else None,
        )


class AnnouncedSheet(_Sheet):
    """What a file said: how many revisions were read, and those that are new."""

    read: int
    added: list[ActionSheet]

    @classmethod
    def of(cls, taken: AnnouncedActions) -> "AnnouncedSheet":
        """Show what was taken in."""
        return cls(read=taken.read, added=[ActionSheet.of(one) for one in taken.news])
