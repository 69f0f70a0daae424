"""The JSON of corporate actions."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bifrost.core.codec import to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.files.import_service import AnnouncedActions
from bifrost.data.ports import StoredAction
from bifrost.data.reference.votes import ActionState, ActionStatus
from bifrost.wire.pages import page_of

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
    """A revision of a corporate action; `terms` are those of its kind.

    lacks: terms that the books need and this vendor does not know; until somebody tells them it
    changes nothing.
    """

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
    lacks: list[str]

    @classmethod
    def of(cls, action: CorporateAction) -> "ActionSheet":
        """Show a revision."""
        plain = {
            name: getattr(action, name)
            for name in cls.model_fields
            if name not in ("kind", "terms", "lacks")
        }
        terms = to_json(action.terms)
        return cls(**plain, kind=action.kind.value, terms=terms, lacks=list(action.lacks))


class JudgedActionSheet(ActionSheet):
    """A revision, and how it stands.

    status: `stands` (others heard of it), `claimed` (too few vendors say so, or nobody told all
    that it needs: it moves nothing and adjusts nothing), `withdrawn` or `superseded`. votes: two
    are needed. told_by: the vendors that say it alike. contradicted_by: claims about the same kind
    and day that cannot be beside it.
    """

    status: ActionStatus
    votes: int
    told_by: list[str]
    contradicted_by: list[str]

    @classmethod
    def judged(cls, action: CorporateAction, state: ActionState) -> "JudgedActionSheet":
        """Show a revision among all claims."""
        return cls(**_shown(action, state))


class StoredActionSheet(JudgedActionSheet):
    """A revision, how it stands, and when we learned of it."""

    recorded_at: datetime

    @classmethod
    def stored(cls, found: StoredAction, state: ActionState) -> "StoredActionSheet":
        """Show a stored revision."""
        return cls(**_shown(found.action, state), recorded_at=found.recorded_at)


class ActionPage(_Sheet):
    """A page of corporate actions in the order they came in; `next_cursor` asks for the next."""

    items: list[StoredActionSheet]
    next_cursor: str | None

    @classmethod
    def of(cls, found: list[StoredAction], states: list[ActionState], limit: int) -> "ActionPage":
        """Show the first `limit` of these, each with how it stands."""
        shown, last = page_of(found, limit)
        return cls(
            items=[
                StoredActionSheet.stored(*one) for one in zip(shown, states[:limit], strict=True)
            ],
            next_cursor=str(last.place) if last else None,
        )


class AnnouncedSheet(_Sheet):
    """What a file said: how many revisions were read, and those that are new."""

    read: int
    added: list[JudgedActionSheet]

    @classmethod
    def of(cls, taken: AnnouncedActions, states: list[ActionState]) -> "AnnouncedSheet":
        """Show what was taken in, each with how it stands now."""
        judged = zip(taken.news, states, strict=True)
        return cls(read=taken.read, added=[JudgedActionSheet.judged(*one) for one in judged])


def _shown(action: CorporateAction, state: ActionState) -> dict[str, Any]:
    return ActionSheet.of(action).model_dump() | {
        "status": state.status,
        "votes": state.votes,
        "told_by": list(state.told_by),
        "contradicted_by": list(state.contradicted_by),
    }
