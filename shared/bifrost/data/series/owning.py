"""Which instrument a name means over a range of days: symbols are reused, and change hands."""

from collections.abc import Sequence
from datetime import date, datetime

from bifrost.core.errors import FieldProblem, InvalidInputError, NotFoundError
from bifrost.data.reference.revising import spelt
from bifrost.data.reference.terms import Terms, held_by


def owner_of(
    name: str,
    terms: Sequence[Terms],
    first: date | None,
    last: date | None,
    known_by: datetime | None = None,
) -> tuple[str, str]:
    """Return the key of the instrument that had the symbol in [first, last], and what to say of it.

    terms: those of everything that ever had the symbol, or has the key, `name`. first: None asks
    for all that the last holder has. Raises InvalidInputError where several had it in the range,
    NotFoundError where nobody had; both say who had it when.
    """
    known = [one for one in terms if one.is_known(known_by)]
    if not known:
        return name, ""
    begin, end = first or date.min, last or date.max
    holders = [
        one
        for one in held_by(known, name, known_by)
        if one.valid_from <= end and begin < one.valid_to
    ]
    keys = list(dict.fromkeys(one.instrument for one in holders))
    if len(keys) > 1 and first is None:
        keys = keys[-1:]
    if len(keys) > 1:
        told = "; ".join(f"{one.instrument} had it {spelt(one)}" for one in holders)
        message = f"{name} was not one instrument from {begin} to {end}: {told}"
        fix = f"ask for one of {', '.join(keys)} or for days on which one had it"
        raise InvalidInputError(FieldProblem("instrument", message, fix))
    if keys:
        return keys[0], "" if keys[0] == name else _says(name, keys[0])
    if any(
        one.instrument == name and one.valid_from <= end and begin < one.valid_to for one in known
    ):
        return name, ""
    raise NotFoundError(_nobody(name, known, begin, end))


def _says(name: str, key: str) -> str:
    return f"{name} was another instrument's symbol then: these are bars of {key}"


def _nobody(name: str, known: Sequence[Terms], begin: date, end: date) -> str:
    told = [f"{one.instrument} had it {spelt(one)}" for one in held_by(known, name)]
    return f"nobody had the symbol {name} from {begin} to {end}: {'; '.join(told)}"
