"""Where statuses are kept, and halts are asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bifrost.data.halts.statuses import HaltQuery, KnownHalt, TradingStatus


class HaltBook(Protocol):
    """Statuses and halts."""

    def listing(self, asked: HaltQuery, before: int, limit: int) -> Sequence[KnownHalt]:
        """Return halts with a number below `before`, the last told first."""

    def tell(self, statuses: Sequence[TradingStatus], by: str, at: datetime) -> None:
        """Keep a person's words; raise NotFoundError for an instrument that is not listed."""
