"""What others hear of corporate actions: when a claim comes to stand, changes, or stands no more.

What is published has revisions of its own. Where one vendor's word is enough they are the
vendor's; where votes decide, an action may be taken back without a word of the vendor whose id it
has, so the next revision is the higher of what the vendor counts and what others heard last.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bifrost.core.corporate_actions import ActionKind, CorporateAction
from bifrost.data.reference.sources import Source
from bifrost.data.reference.votes import claims_among, standing_among

_Subject = tuple[str, ActionKind, date]


@dataclass(frozen=True, slots=True)
class Announcement:
    """A revision that others hear of; `corrects` is the one that they heard last, if any."""

    action: CorporateAction
    corrects: int | None


def announcements(
    news: Iterable[CorporateAction],
    stored: Iterable[CorporateAction],
    published: Iterable[CorporateAction],
    sources: Mapping[str, Source],
) -> list[Announcement]:
    """Return what others shall hear of, one revision of one vendor after the other.

    stored: every revision of these instruments' actions, without the news. published: of each
    action what others heard last.
    """
    register = _Register(dict(sources), {one.action_id: one for one in published})
    for one in sorted(stored, key=lambda action: action.revision):
        register.take(one)
    told: list[Announcement] = []
    for one in news:
        told += register.settle(register.take(one))
    return told


@dataclass(slots=True)
class _Register:
    sources: dict[str, Source]
    heard: dict[str, CorporateAction]
    newest: dict[str, CorporateAction] = field(default_factory=dict)
    ids: dict[_Subject, set[str]] = field(default_factory=dict)

    def take(self, action: CorporateAction) -> list[_Subject]:
        """Keep a vendor's newest word; return the subjects that it touches."""
        touched = [_subject(action)]
        before = self.newest.get(action.action_id)
        if before is not None and _subject(before) != touched[0]:
            touched.insert(0, _subject(before))
            self.ids[touched[0]].discard(action.action_id)
        self.newest[action.action_id] = action
        self.ids.setdefault(touched[-1], set()).add(action.action_id)
        return touched

    def settle(self, subjects: Sequence[_Subject]) -> Iterator[Announcement]:
        """Compare what stands with what others heard; take back first."""
        live = {name for name, one in self.heard.items() if not one.withdrawn}
        stands: dict[str, CorporateAction] = {}
        for subject in subjects:
            told = [self.newest[name] for name in self.ids[subject]]
            for claim in standing_among(claims_among(told, self.sources), live):
                name = next((one for one in claim.complete if one in live), claim.complete[0])
                stands[name] = self.newest[name]
        about = set(subjects)
        gone = [name for name in live - set(stands) if _subject(self.heard[name]) in about]
        for name in sorted(gone):
            yield self._corrected(name, self._taken_back(name))
        for name, action in sorted(stands.items()):
            yield from self._told(name, action)

    def _taken_back(self, name: str) -> CorporateAction:
        said = self.newest.get(name)
        if said is not None and said.withdrawn and not said.lacks:
            return said
        return replace(self.heard[name], withdrawn=True)

    def _told(self, name: str, action: CorporateAction) -> Iterator[Announcement]:
        last = self.heard.get(name)
        if last is None:
            self.heard[name] = action
            yield Announcement(action, None)
        elif action.revision > last.revision or replace(action, revision=last.revision) != last:
            yield self._corrected(name, action)

    def _corrected(self, name: str, action: CorporateAction) -> Announcement:
        last = self.heard[name].revision
        self.heard[name] = replace(action, revision=max(action.revision, last + 1))
        return Announcement(self.heard[name], last)


def _subject(action: CorporateAction) -> _Subject:
    return (action.instrument, action.kind, action.ex_date)
