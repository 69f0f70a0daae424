"""Halts' use cases: list them, and keep what a person knows of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.halts.ports import HaltBook
from bifrost.data.halts.statuses import HaltQuery, KnownHalt, ToldHalt
from bifrost.data.ports import Clock

# Higher than any number of a row.
_FIRST_PAGE = 10**18


@dataclass(frozen=True, slots=True)
class HaltService:
    """What the desk may ask of halts, and tell of them."""

    book: HaltBook
    clock: Clock

    def listing(self, asked: HaltQuery, *, before: int, limit: int) -> Sequence[KnownHalt]:
        """Return halts with a number below `before` (0: all), the last told first."""
        if asked.first and asked.last and asked.last < asked.first:
            message = f"the range ends on {asked.last}, before it begins on {asked.first}"
            raise InvalidInputError(FieldProblem("to", message, "give a later last session"))
        return self.book.listing(asked, before or _FIRST_PAGE, limit, self.clock.now())

    def tell(
        self,
        instrument: str,
        begins_at: datetime,
        ends_at: datetime | None,
        *,
        reason: str,
        by: str,
    ) -> None:
        """Keep that it was halted in [begins_at, ends_at); None: it still is.

        A halt that ends when it begins was none. It takes the place of what was told of the halt
        that begins then. Raises InvalidInputError for one that ends before
        that, or lies ahead: nobody knows yet; NotFoundError.
        """
        now = self.clock.now()
        if ends_at is not None and ends_at < begins_at:
            message = f"it ends at {ends_at.isoformat()}, before it begins"
            raise InvalidInputError(FieldProblem("ends_at", message, "give a later instant"))
        for name, at in (("begins_at", begins_at), ("ends_at", ends_at)):
            if at is not None and at > now:
                message = f"{at.isoformat()} is yet to come"
                raise InvalidInputError(FieldProblem(name, message, "tell of it once it is so"))
        self.book.tell(ToldHalt(instrument, begins_at, ends_at, reason), by, now)
