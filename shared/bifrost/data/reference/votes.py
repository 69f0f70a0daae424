"""Which corporate actions stand: claims that agree are one, and it needs two votes.

Vendors invent actions (in January 2021 one of them had GME split, and nobody else), and copy them
with other roundings. So claims of several vendors about one instrument, kind and ex-date whose
terms agree within rounding are one action, with the votes of all of them. Groups contradict each
other where they are of one instrument, kind and day and no vendor claims both; of those that do,
what others heard of already stands, else what has more votes. However many claim it, an action
stands only once one of them told every number that the books need: it stands in that one's words.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from bifrost.core.corporate_actions import (
    ActionKind,
    CashDividend,
    CorporateAction,
    Merger,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.data.reference.sources import VOTES_NEEDED, Source, source_of

# A ratio out of factors of seven places; an amount that was adjusted for splits and back.
RATIO_ROUNDING = Fraction(1, 10_000)
AMOUNT_ROUNDING = Fraction(5, 10_000)
# A small dividend is not within rounding of one twice as large.
AMOUNT_PART = Fraction(1, 50)


@dataclass(frozen=True, slots=True)
class Claim:
    """What several vendors say alike, the one to be believed first at the front.

    Whose word lacks a number comes behind those that are complete.
    """

    actions: tuple[CorporateAction, ...]
    votes: int

    @property
    def told_by(self) -> tuple[str, ...]:
        """Who claims it."""
        return tuple(one.vendor for one in self.actions)

    @property
    def ids(self) -> tuple[str, ...]:
        """What its vendors call it."""
        return tuple(one.action_id for one in self.actions)

    @property
    def complete(self) -> tuple[str, ...]:
        """Ids of those whose words lack nothing: it may stand as any of these."""
        return tuple(one.action_id for one in self.actions if not one.lacks)

    @property
    def subject(self) -> tuple[str, ActionKind, date]:
        """What it is about."""
        first = self.actions[0]
        return (first.instrument, first.kind, first.ex_date)

    @property
    def has_votes(self) -> bool:
        """Enough claim it."""
        return self.votes >= VOTES_NEEDED

    @property
    def may_stand(self) -> bool:
        """Enough claim it, and one of them knows all that it needs."""
        return self.has_votes and bool(self.complete)

    def contradicts(self, other: "Claim") -> bool:
        """Say whether both cannot be: a vendor that claims both says that they are two."""
        return self.subject == other.subject and not set(self.told_by) & set(other.told_by)


class ActionStatus(StrEnum):
    """What became of a vendor's word."""

    STANDS = "stands"  # others heard of it, and it is adjusted for
    CLAIMED = "claimed"  # too few say so; it changes nothing
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"  # the vendor's next revision came


@dataclass(frozen=True, slots=True)
class ActionState:
    """How an action stands.

    told_by: the vendors that say it alike. contradicted_by: ids of claims of the same kind and day
    that cannot be beside it.
    """

    status: ActionStatus
    votes: int = 0
    told_by: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimsKnown:
    """Newest revisions of some instruments' actions, and which ids others heard stand."""

    actions: tuple[CorporateAction, ...]
    published: frozenset[str]
    sources: Mapping[str, Source]


def agree(one: CorporateAction, other: CorporateAction) -> bool:
    """Say whether two vendors mean one action: terms within rounding, however it is taxed."""
    if (one.instrument, one.kind, one.ex_date) != (other.instrument, other.kind, other.ex_date):
        return False
    if one.new_instrument != other.new_instrument:
        return False
    ratios, amounts = _measures(one), _measures(other)
    return all(
        _within(mine, theirs, is_ratio=place == 0)
        for place, (mine, theirs) in enumerate(zip(ratios, amounts, strict=True))
    )


def claims_among(actions: Iterable[CorporateAction], sources: Mapping[str, Source]) -> list[Claim]:
    """Put actions that agree together; withdrawn ones claim nothing.

    actions: of each only its newest revision.
    """
    groups: list[list[CorporateAction]] = []
    told = [one for one in actions if not one.withdrawn]
    for one in sorted(told, key=lambda one: _first_believed(one, sources)):
        group = next((known for known in groups if _belongs(one, known)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return [Claim(tuple(group), _votes(group, sources)) for group in groups]


def standing_among(claims: Sequence[Claim], published: Collection[str]) -> list[Claim]:
    """Return those that stand: enough votes, and no contradiction by one that goes before it.

    published: ids that others heard of and that were not taken back.
    """
    ordered = sorted(claims, key=lambda one: (published_first(one, published), -one.votes, one.ids))
    stands: list[Claim] = []
    for claim in ordered:
        if claim.may_stand and not any(claim.contradicts(other) for other in stands):
            stands.append(claim)
    return stands


def state_of(action: CorporateAction, known: ClaimsKnown) -> ActionState:
    """Say how a vendor's revision stands among all claims about its subject."""
    newest = {one.action_id: one for one in known.actions}
    if newest.get(action.action_id, action).revision > action.revision:
        return ActionState(ActionStatus.SUPERSEDED)
    if action.withdrawn:
        return ActionState(ActionStatus.WITHDRAWN)
    subject = (action.instrument, action.kind, action.ex_date)
    about = [one for one in known.actions if (one.instrument, one.kind, one.ex_date) == subject]
    claims = claims_among(about, known.sources)
    own = next((one for one in claims if action.action_id in one.ids), None)
    if own is None:
        return ActionState(ActionStatus.CLAIMED, 0, (action.vendor,))
    against = sorted(name for one in claims if one.contradicts(own) for name in one.ids)
    stands = bool(known.published & set(own.ids))
    status = ActionStatus.STANDS if stands else ActionStatus.CLAIMED
    return ActionState(status, own.votes, own.told_by, tuple(against))


def published_first(claim: Claim, published: Collection[str]) -> int:
    """Return 0 for what others heard of, 1 for what they did not."""
    return 0 if any(name in published for name in claim.ids) else 1


def _belongs(one: CorporateAction, group: Sequence[CorporateAction]) -> bool:
    return agree(group[0], one) and one.vendor not in {other.vendor for other in group}


def _first_believed(one: CorporateAction, sources: Mapping[str, Source]) -> tuple[int, int, str]:
    return (len(one.lacks), source_of(one.vendor, sources).rank, one.action_id)


def _votes(group: Iterable[CorporateAction], sources: Mapping[str, Source]) -> int:
    return sum(source_of(one.vendor, sources).votes for one in group)


def _measures(action: CorporateAction) -> tuple[Fraction, Fraction]:
    """Return the ratio of shares, and the cash per share."""
    terms = action.terms
    ratio, cash = Fraction(0), Decimal(0)
    if isinstance(terms, Split | StockDividend):
        ratio = terms.ratio
    elif isinstance(terms, CashDividend):
        cash = terms.amount_per_share
    elif isinstance(terms, SpinOff):
        ratio = Fraction(terms.shares_per_share)
    elif isinstance(terms, Merger):
        ratio, cash = Fraction(terms.shares_per_share), terms.cash_per_share
    return ratio, Fraction(cash)


def _within(mine: Fraction, theirs: Fraction, *, is_ratio: bool) -> bool:
    larger = max(mine, theirs)
    rounding = larger * RATIO_ROUNDING
    if not is_ratio:
        rounding = min(AMOUNT_ROUNDING, larger * AMOUNT_PART)
    return abs(mine - theirs) <= rounding
