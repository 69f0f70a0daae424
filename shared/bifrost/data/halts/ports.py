"""Where statuses are kept, and halts are asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bifrost.data.halts.statuses import HaltQuery, KnownHalt, ToldHalt


class HaltBook(Protocol):
    """Statuses and halts."""

    def listing(
        self, asked: HaltQuery, before: int, limit: int, at: datetime
    ) -> Sequence[KnownHalt]:
        """Return halts with a number below `before`, the last told first. at: now.

        Raises NotFoundError for an instrument that is not listed.
        """

    def tell(self, halt: ToldHalt, by: str, at: datetime) -> None:
        """Keep a person's word; raise NotFoundError for an instrument that is not listed."""
