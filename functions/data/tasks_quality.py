"""Quality's task: count each session against the calendar, and alarm below the goal."""

from aws_lambda_powertools import Logger

from bifrost.runtime.lambda_entry import Payload
from bifrost.runtime.metrics import count

logger = Logger(service="data")


def record_completeness(_: Payload) -> Payload:
    """Keep how complete the newest sessions are; those below the goal are counted and logged."""
    from functions.data import wiring_quality

    found = wiring_quality.quality().record()
    below = [day for day in found if not day.is_reached]
    for day in below:
        said = {"session": str(day.session), "timeframe": day.timeframe, "share": day.share}
        logger.error("session below its completeness goal", extra=said)
    if below:
        count("data", "SessionsIncomplete", times=len(below))
    return {"sessions": len(found), "below_goal": len(below)}
