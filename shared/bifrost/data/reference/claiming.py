"""A vendor's answer about corporate actions, as revisions: it counts none, so we do.

What it said before of these days and says no more is withdrawn by it. Yahoo took GME's split of
January 2021 back without a word.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.providers.told_actions import LeftOut
from bifrost.data.reference.votes import agree

# Numbers of terms that votes leave out, and within which part of each other they are the same.
_BESIDES = ("basis_share", "share_value", "cash_in_lieu")
_DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """Everything that `vendor` tells of an instrument with an ex-date in [first, last].

    left_out: what it tells besides, and cannot be taken.
    """

    vendor: str
    instrument: str
    first: date
    last: date
    actions: tuple[CorporateAction, ...]
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        for one in self.actions:
            if (one.vendor, one.instrument) != (self.vendor, self.instrument):
                raise ValueError(f"{one.action_id} is not {self.vendor}'s of {self.instrument}")


def revisions_of(
    answer: VendorAnswer, stored: Mapping[str, Sequence[CorporateAction]]
) -> list[CorporateAction]:
    """Return what is new in the answer, each as the next revision of what the vendor said."""
    newest = {name: max(told, key=lambda one: one.revision) for name, told in stored.items()}
    told = {one.action_id for one in answer.actions}
    gone = [
        replace(one, withdrawn=True)
        for one in newest.values()
        if _is_of(one, answer) and one.action_id not in told and not one.withdrawn
    ]
    return list(_numbered([*gone, *answer.actions], newest))


def _is_of(one: CorporateAction, answer: VendorAnswer) -> bool:
    is_asked = answer.first <= one.ex_date <= answer.last
    return is_asked and (one.vendor, one.instrument) == (answer.vendor, answer.instrument)


def _numbered(
    actions: Iterable[CorporateAction], newest: Mapping[str, CorporateAction]
) -> Iterable[CorporateAction]:
    for one in actions:
        last = newest.get(one.action_id)
        if last is None:
            yield replace(one, revision=1)
        elif one.withdrawn != last.withdrawn or not _says_the_same(one, last):
            yield replace(one, revision=last.revision + 1)


def _says_the_same(one: CorporateAction, last: CorporateAction) -> bool:
    """Say whether they differ by no more than the last digit of a float.

    Votes compare what was paid alone; what a vendor says besides is news too.
    """
    days = [(each.record_date, each.pay_date, each.currency) for each in (one, last)]
    return days[0] == days[1] and agree(one, last) and _alike(_besides(one), _besides(last))


def _besides(one: CorporateAction) -> list[Decimal | None]:
    return [getattr(one.terms, name, None) for name in _BESIDES]


def _alike(ones: Sequence[Decimal | None], others: Sequence[Decimal | None]) -> bool:
    return all(
        one is other
        or (one is not None and other is not None and abs(one - other) <= abs(other) * _DIGITS)
        for one, other in zip(ones, others, strict=True)
    )
