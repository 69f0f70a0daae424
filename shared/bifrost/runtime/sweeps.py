"""Sweeps: the scheduled tasks that move on what was left lying, and what CloudWatch hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bifrost.runtime.metrics import count

# What nobody should have had to do: `infra_cdk/stacks/watch.py` raises an alarm on each.
ALARMING = {
    "workflows_restarted": "WorkflowsRestarted",
    "workflows_given_up": "WorkflowsGivenUp",
    "replays_restarted": "ReplaysRestarted",
    "replays_given_up": "ReplaysGivenUp",
    "rebuilds_given_up": "RebuildsGivenUp",
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """Input of `sweep`; patience_seconds 0 where every workflow is known to have died."""

    patience_seconds: int | None = None

    @property
    def patience(self) -> timedelta | None:
        """How long something may stand still before it counts as dead; None is the usual."""
        return None if self.patience_seconds is None else timedelta(seconds=self.patience_seconds)


def alarm(capability: str, swept: Mapping[str, int]) -> None:
    """Count what a sweep did that somebody should look into."""
    for outcome, metric in ALARMING.items():
        if swept.get(outcome):
            count(capability, metric, times=swept[outcome])
