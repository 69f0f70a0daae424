"""The task of repairs: a look at what an ingestion brought; numpy is loaded when it is called."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from bifrost.core.codec import from_json
from bifrost.runtime.lambda_entry import Payload

logger = Logger(service="data")


@dataclass(frozen=True, slots=True)
class ScanRepairs:
    """Input of `scan_repairs`; source: empty is every vendor."""

    instrument: str
    source: str = ""


def scan_repairs(given: Payload) -> Payload:
    """Look for faults in an instrument's daily bars; make what is sure, propose the rest."""
    asked = from_json(ScanRepairs, given)
    return look(asked.instrument, asked.source)


def look(instrument: str, source: str = "") -> Payload:
    """Scan, and count what came of it."""
    from functions.data import wiring_repairs

    scan = wiring_repairs.repairs().scan(instrument, source=source)
    counts: Payload = {"proposed": 0, "applied": 0, "undone": 0}
    for record in scan.records:
        counts[record.state.value] += 1
    counts["suspicions"] = len(scan.suspicions)
    if scan.records or scan.suspicions:
        logger.warning("faults in stored bars", extra={"instrument": instrument, **counts})
    return counts
