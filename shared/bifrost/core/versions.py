"""The version of a thing that people change: it counts 1, 2, 3; a change names the one it read.

Without it, the later of two who read the same thing would undo the earlier one's change unseen.
"""

from dataclasses import dataclass

from bifrost.core.errors import PreconditionFailedError


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that a change is meant for; None stands for whichever there is."""

    versions: frozenset[int] | None

    def require(self, current: int, what: str) -> None:
        """Raise PreconditionFailedError where `what` has another version by now."""
        if self.versions is not None and current not in self.versions:
            raise PreconditionFailedError(
                f'{what} is at version "{current}" by now; read it again and decide anew'
            )


ANY = Expected(None)
