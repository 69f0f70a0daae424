"""A rebuild's work, its end by an error, and those that died; loaded by whom each concerns."""

from dataclasses import dataclass

from bifrost.core.codec import from_json
from bifrost.runtime.lambda_entry import Payload
from bifrost.runtime.sweeps import Sweep, alarm


@dataclass(frozen=True, slots=True)
class RebuildWork:
    """Input of `rebuild`."""

    rebuild_id: str


@dataclass(frozen=True, slots=True)
class FailedRebuild:
    """Input of `fail_rebuild`; error is the name of what ended the work."""

    rebuild_id: str
    error: str


def rebuild(given: Payload) -> Payload:
    """Rebuild an account's books and compare; minutes, for a long account."""
    from functions.portfolio import wiring_rebuilds

    rebuild_id = from_json(RebuildWork, given).rebuild_id
    return {"rebuild_id": rebuild_id, "done": wiring_rebuilds.rebuilding().run(rebuild_id)}


def fail_rebuild(given: Payload) -> Payload:
    """End a rebuild whose work ended with an error."""
    from functions.portfolio import wiring_rebuilds

    asked = from_json(FailedRebuild, given)
    return {"state": wiring_rebuilds.rebuilds().fail(asked.rebuild_id, asked.error).value}


def give_up_dead(given: Payload) -> int:
    """End the rebuilds whose workflow died, as a sweep is told; return how many."""
    from functions.portfolio import wiring_rebuilds

    given_up = wiring_rebuilds.rebuilds().sweep(from_json(Sweep, given).patience)
    alarm("portfolio", {"rebuilds_given_up": given_up})
    return given_up
