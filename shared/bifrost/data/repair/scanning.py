"""A look at one source's stored daily bars of an instrument, as repairs to be kept."""

from collections.abc import Mapping
from datetime import datetime

from bifrost.data.repair.claimed_splits import held
from bifrost.data.repair.examining import examine
from bifrost.data.repair.findings import Doubt
from bifrost.data.repair.ports import RepairBooks
from bifrost.data.repair.stored import StoredRepair, Suspicion
from bifrost.data.repair.told_bars import cells_of, id_of
from bifrost.data.repair.told_dividends import told_dividend_errors
from bifrost.data.series.timeframes import Timeframe


def look(
    books: RepairBooks, ranks: Mapping[str, int], instrument: str, source: str, now: datetime
) -> tuple[list[StoredRepair], list[Suspicion]]:
    """Return what is wrong with a source's bars: what can be repaired, and what is only suspected.

    The best other source that has the instrument tells what this one's bars cannot.
    """
    bars, splits = books.bars(source), books.splits()
    series = bars.in_last_shares(splits)
    others = sorted((rank, name) for name, rank in ranks.items() if name != source)
    second = books.bars(others[0][1]).in_last_shares(splits) if others else None
    found = examine(series, confirmed=splits, second=second)
    of_dividends = told_dividend_errors(
        found.repaired, books.dividends(source), bars.factor(splits)
    )
    never_paid = [one for one in of_dividends.repairs if not one.changes[-1].repaired.any()]
    doubts = [*found.doubts, *(held(series, claim) for claim in books.held_claims())]
    doubts += [Doubt(one.kind, one.first, f"{one.reason}; its claim is held") for one in never_paid]
    amended = [one for one in of_dividends.repairs if one not in never_paid]
    repairs = [*found.repairs, *found.claims, *amended]
    stored = []
    for repair in repairs:
        cells = cells_of(repair, bars, splits)
        stored.append(
            StoredRepair(
                repair_id=id_of(source, instrument, repair, cells),
                instrument=instrument,
                timeframe=Timeframe.D1.value,
                source=source,
                kind=repair.kind,
                first=repair.first,
                last=repair.last,
                cells=cells,
                evidence={name: round(one, 4) for name, one in repair.evidence.items()},
                reason=repair.reason,
                method=repair.method,
                known_from=repair.known_from,
                recorded_at=now,
            )
        )
    suspicions = [Suspicion(source, one.kind, one.session, one.reason) for one in doubts]
    return stored, suspicions
