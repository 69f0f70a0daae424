"""Who is whose spouse: each says it alone, and it counts where both have said it of each other.

A spouse's purchase replaces what was sold like one's own (IRS Pub. 550, "Wash Sales"), so each sees
the other's trades in tax reports. Nobody is therefore taken at another's word, either takes it back
alone, and what was said of somebody is never shown to that person or checked against who there is.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.versions import Expected
from bifrost.portfolio.ports import Clock


@dataclass(frozen=True, slots=True)
class Marriage:
    """since, until: its first and its last day; None where it has none."""

    spouse: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an owner says now: `marriage` is None where nothing was said or it was taken back.

    version: 1 before anything was said; each word since adds one.
    """

    owner: str
    version: int = 1
    marriage: Marriage | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """stands: the spouse says it too, and there is a day that both have said."""

    declaration: Declaration
    stands: bool


class Declarations(Protocol):
    """One owner's words; none is changed or forgotten."""

    def newest(self) -> Declaration:
        """Return what the owner says now."""

    def add(self, declaration: Declaration) -> None:
        """Write new words, whose version is the next."""


class Register(Protocol):
    """Where couples' words are kept."""

    def open(self, owner: str) -> AbstractContextManager[Declarations]:
        """Begin a transaction that holds the owner's words until its end."""


class Couples:
    """Takes in what owners say of their marriage."""

    def __init__(self, register: Register, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    def declare(self, owner: str, marriage: Marriage, expected: Expected) -> None:
        """Say who the spouse is, instead of whatever was said before."""
        if marriage.spouse == owner:
            raise _refused("owner", "it is you", "send what your spouse's `GET` shows as `you`")
        if marriage.since and marriage.until and marriage.until < marriage.since:
            problem = f"{marriage.until} is before the first day, {marriage.since}"
            raise _refused("until", problem, "send the last day of the marriage, or none")
        self._say(owner, marriage, expected)

    def take_back(self, owner: str, expected: Expected) -> None:
        """Say no more that there is a spouse."""
        self._say(owner, None, expected)

    def _say(self, owner: str, marriage: Marriage | None, expected: Expected) -> None:
        with self._register.open(owner) as words:
            said = words.newest()
            # A repeated request finds its work done, whatever it expected (RFC 9110, 13.1.1).
            if said.marriage == marriage:
                return
            expected.require(said.version, "what you say of your spouse")
            now = self._clock.now()
            words.add(replace(said, version=said.version + 1, marriage=marriage, recorded_at=now))


def _refused(field: str, message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem(field, message, fix))
