"""A look at what an ingestion brought; numpy is loaded when it is taken."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from bifrost.runtime.lambda_entry import Payload

if TYPE_CHECKING:
    from bifrost.data.repair.stored import ScanAsked

logger = Logger(service="data")


def look(instrument: str) -> Payload:
    """Look for faults in what vendors told of an instrument's days, and count what came of it.

    What is sure is made, the rest proposed.
    """
    from bifrost.data.repair.stored import ScanAsked
    from bifrost.data.series.timeframes import Timeframe

    return _looked(ScanAsked(instrument, timeframe=Timeframe.D1, told_by_vendors=True))


def look_within(instrument: str, since: datetime) -> Payload:
    """Do the same with what vendors told of its minutes from then on."""
    from bifrost.data.repair.stored import ScanAsked
    from bifrost.data.series.timeframes import Timeframe

    minutes = Timeframe.M1
    return _looked(ScanAsked(instrument, timeframe=minutes, told_by_vendors=True, since=since))


def _looked(asked: "ScanAsked") -> Payload:
    from functions.data import wiring_repairs

    counts: Payload = {"proposed": 0, "applied": 0, "undone": 0, "suspicions": 0}
    while True:
        scan = wiring_repairs.repairs().scan(asked)
        for record in scan.records:
            counts[record.state.value] += 1
        counts["suspicions"] += len(scan.suspicions)
        if not scan.following:
            break
        asked = replace(asked, after=scan.following)
    if any(counts.values()):
        logger.warning("faults in stored bars", extra={"instrument": asked.instrument, **counts})
    return counts
