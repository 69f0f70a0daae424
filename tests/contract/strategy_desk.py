"""A desk whose account several strategies trade, and what it is asked of them."""

from dataclasses import replace

from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
from bifrost.portfolio.performance import Scope, StrategySession
from tests.builders import bar, bar_closed
from tests.contract.acting_desk import ActingDesk


class StrategyDesk(ActingDesk):
    """An account that strategies share while issuers act."""

    def trade_for(
        self, strategy: str, size: str, at: str, day: int = 1, symbol: str = "AAPL"
    ) -> None:
        """The venue trades for a strategy, and we hear of it at once."""
        self.service.hear_fill(replace(self.made(day, size, at, symbol), strategy_id=strategy))

    def price(self, day: int, at: str, symbol: str = "AAPL") -> None:
        """A session of an instrument ends."""
        self.open(day)
        self.service.hear_bar(bar_closed(bar(day, at, instrument=symbol), day))

    @property
    def performance(self) -> PostgresPerformance:
        """The reader of its owner."""
        return PostgresPerformance(self.database, "ann")

    def sessions(self, *strategies: str) -> list[StrategySession]:
        """What strategies were worth."""
        return self.performance.strategy_sessions(Scope((self.account_id,), strategies))
