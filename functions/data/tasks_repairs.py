"""A look at what an ingestion brought; numpy is loaded when it is taken."""

from aws_lambda_powertools import Logger

from bifrost.runtime.lambda_entry import Payload

logger = Logger(service="data")


def look(instrument: str) -> Payload:
    """Look for faults in an instrument's daily bars, and count what came of it.

    What is sure is made, the rest proposed.
    """
    from functions.data import wiring_repairs

    scan = wiring_repairs.repairs().scan(instrument)
    counts: Payload = {"proposed": 0, "applied": 0, "undone": 0}
    for record in scan.records:
        counts[record.state.value] += 1
    counts["suspicions"] = len(scan.suspicions)
    if scan.records or scan.suspicions:
        logger.warning("faults in stored bars", extra={"instrument": instrument, **counts})
    return counts
