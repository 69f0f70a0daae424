"""Which of a file's corporate actions are news, given what is stored already."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.files.corporate_action_file import claims_of
from bifrost.data.reference.announcing import Announcement
from bifrost.data.reference.sources import VOTES_NEEDED, Source, source_of
from bifrost.data.reference.votes import agree
from bifrost.events import CorporateActionAnnounced, CorporateActionCorrected


def news_of(
    rows: Sequence[tuple[int, CorporateAction]],
    stored: Mapping[str, Sequence[CorporateAction]],
    sources: Mapping[str, Source],
) -> list[CorporateAction]:
    """Return the revisions to add, oldest first; what is stored word for word is none.

    rows: each action with its line. stored: every revision of each action of these instruments.
    Raises InvalidInputError where the file rewrites a stored revision, comes with one older than
    the newest, or has an action that another one of the same kind, instrument and day contradicts:
    of the same vendor, or where either would stand by itself.
    """
    revisions = {name: {one.revision: one for one in known} for name, known in stored.items()}
    news: list[CorporateAction] = []
    problems: list[FieldProblem] = []
    for line, action in sorted(rows, key=lambda row: (row[1].action_id, row[1].revision)):
        known = revisions.setdefault(action.action_id, {})
        if known.get(action.revision) == action:
            continue
        newest = max(known, default=None)
        if newest is not None and action.revision <= newest:
            problems.append(_stale(line, action, newest))
            continue
        known[action.revision] = action
        news.append(action)
    standing = [known[max(known)] for known in revisions.values()]
    lines = {action.action_id: line for line, action in rows}
    problems += _contradictions(standing, lines, sources)
    if problems:
        raise InvalidInputError(*problems)
    return news


def event_of(
    news: Announcement, event_id: str, at: datetime, correlation_id: str
) -> CorporateActionAnnounced | CorporateActionCorrected:
    """Return what others shall hear of it; what is announced today is today's fact."""
    if news.corrects is None:
        return CorporateActionAnnounced(
            event_id=event_id,
            occurred_at=at,
            recorded_at=at,
            correlation_id=correlation_id,
            action=news.action,
        )
    return CorporateActionCorrected(
        event_id=event_id,
        occurred_at=at,
        recorded_at=at,
        correlation_id=correlation_id,
        action=news.action,
        corrects=news.corrects,
    )


def _stale(line: int, action: CorporateAction, newest: int) -> FieldProblem:
    return FieldProblem(
        f"line {line}, column revision",
        f"revision {action.revision} comes after revision {newest} was stored",
        f"announce the change as revision {newest + 1}",
    )


def _contradictions(
    standing: Iterable[CorporateAction], lines: Mapping[str, int], sources: Mapping[str, Source]
) -> list[FieldProblem]:
    days: dict[Hashable, list[CorporateAction]] = {}
    problems = []
    for action in standing:
        if action.withdrawn:
            continue
        told = claims_of(action)
        known = [other for one in told for other in days.get(one, ())]
        against = next((one for one in known if _cannot_both_be(one, action, sources)), None)
        if against is not None:
            # One of the two may be stored; what the file has to do with it stands on its line.
            own, other = action.action_id, against.action_id
            if own not in lines:
                own, other = other, own
            place = f"line {lines[own]}, column ex_date" if own in lines else own
            message = f"it contradicts {other}, of the same day, {action.ex_date}"
            problems.append(FieldProblem(place, message, "keep one, or withdraw the other"))
        for one in told:
            days.setdefault(one, []).append(action)
    return problems


def _cannot_both_be(
    one: CorporateAction, other: CorporateAction, sources: Mapping[str, Source]
) -> bool:
    if one.action_id == other.action_id:
        return False
    if one.vendor == other.vendor:
        return True
    votes = [source_of(action.vendor, sources).votes for action in (one, other)]
    return min(votes) >= VOTES_NEEDED and not agree(one, other)
