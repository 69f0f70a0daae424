"""Saying what is fetched by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.ingest.backfilling import FETCHED
from bifrost.data.ingest.ports import Subscriptions
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ports import Clock


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Keeps subscriptions that can be kept."""

    subscriptions: Subscriptions
    providers: Sequence[str]
    clock: Clock

    def put(self, wanted: Subscription, owner: str) -> Subscription:
        """Keep or change a subscription and return it.

        Raises NotFoundError where the instrument is not listed, InvalidInputError for what no
        provider is asked for.
        """
        problems = []
        if wanted.provider not in self.providers:
            fix = f"send one of {', '.join(self.providers)}"
            message = f"no provider is called {wanted.provider}"
            problems.append(FieldProblem("provider", message, fix))
        if wanted.timeframe not in FETCHED:
            message = f"{wanted.timeframe} is not fetched: it is rolled up from 1m"
            problems.append(FieldProblem("timeframe", message, "send 1m or 1d"))
        if wanted.live and not wanted.timeframe.is_daily:
            fix = "send live with 1d, or leave it out"
            problems.append(FieldProblem("live", "only daily bars are the desk's feed", fix))
        if problems:
            raise InvalidInputError(*problems)
        self.subscriptions.put(wanted, owner, self.clock.now())
        return wanted
