"""A look at a part of a source's stored bars of an instrument, as repairs to be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from bifrost.data.repair.claimed_splits import held
from bifrost.data.repair.examining import Examined, examine
from bifrost.data.repair.findings import Doubt, Repair
from bifrost.data.repair.intraday import by_day, examine_intraday, months_of
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.parts import Part, ToldSeries
from bifrost.data.repair.ports import RepairBooks
from bifrost.data.repair.stored import Looked, StoredRepair, Suspicion
from bifrost.data.repair.told_bars import ToldBars, id_of
from bifrost.data.repair.told_dividends import told_dividend_errors
from bifrost.data.repair.units import DayLevels
from bifrost.data.repair.vendor_series import VendorSeries
from bifrost.data.repair.whole_series import WholeSeries
from bifrost.data.series.timeframes import Timeframe

Splits = Mapping[date, Decimal]
_OF_SPLITS = (RepairKind.SPLIT_APPLIED_TWICE, RepairKind.SPLIT_NOT_APPLIED)
# How sure a repair is of which a window sees the end alone.
_UNSEEN = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: what can be repaired, and what is only suspected."""

    looked: Looked
    repairs: Sequence[StoredRepair]
    suspicions: Sequence[Suspicion]


def look(
    books: RepairBooks,
    told: Sequence[ToldSeries],
    part: Part,
    instrument: str,
    now: datetime,
    whole: WholeSeries,
) -> Seen:
    """Look at a part of a source's bars.

    The best other source that has the timeframe tells what this one's bars cannot.
    """
    bars, splits = _bars(books, part, part.series), books.splits()
    days = whole.levels(books, part, splits)
    found = _examined(books, told, part, bars, splits, days)
    repairs, doubts = [*found.repairs, *_untold(books, found.claims)], list(found.doubts)
    if part.series.timeframe.is_daily or not _has_days(told, part.series.source):
        series = bars.in_last_shares(splits)
        seen = series if part.series.timeframe.is_daily else by_day(series)
        doubts += [
            held(seen, claim) for claim in books.held_claims() if _is_of(part, claim.ex_date)
        ]
    else:
        repairs = list(found.repairs)  # its days tell the splits that nobody told
    source = part.series.source
    seen_whole = [_if_seen_whole(part, bars, one) for one in repairs]
    own = [one for repair in seen_whole for one in _pieces(part, repair) if _is_of(part, one.first)]
    kept = [(source, one) for one in own]
    suspected = [(source, one) for one in doubts if _is_of(part, one.session)]
    for vendor, amounts in _dividends(books, told, part).items():
        of_vendor = told_dividend_errors(found.repaired, amounts, bars.factor(splits))
        never_paid = [one for one in of_vendor.repairs if not one.changes[-1].repaired.any()]
        kept += [(vendor, one) for one in of_vendor.repairs if one not in never_paid]
        suspected += [(vendor, one) for one in of_vendor.doubts]
        suspected += [
            (vendor, Doubt(one.kind, one.first, f"{one.reason}; its claim is held"))
            for one in never_paid
        ]
    if own:
        whole.forget(part)  # what it is now, or may be made
    making = _Making(instrument, part.series.timeframe, bars, splits, now)
    return Seen(
        _looked(part, bars),
        [making.stored(vendor, one) for vendor, one in kept],
        [
            Suspicion(vendor, one.kind, one.session, one.reason, part.series.timeframe)
            for vendor, one in suspected
        ],
    )


def _untold(books: RepairBooks, claims: Sequence[Repair]) -> list[Repair]:
    """Return the splits that only the price tells.

    One that somebody claims is held; a fall on the day of a spin-off is what was paid out.
    """
    held_on = {claim.ex_date for claim in books.held_claims()}
    spun_off = books.spun_off() if claims else set()
    return [
        one
        for one in claims
        if one.first not in held_on and not (one.first in spun_off and _fell(one))
    ]


def _fell(claim: Repair) -> bool:
    return bool(claim.changes[0].repaired[0] > 1)


def _is_of(part: Part, day: date) -> bool:
    return part.series.timeframe.is_daily or part.holds(day)


def _if_seen_whole(part: Part, bars: ToldBars, repair: Repair) -> Repair:
    """Let a person make a split's repair that begins before what was looked at: half is a step."""
    is_whole = part.series.timeframe.is_daily or part.sees_from <= part.series.first
    begins = min(change.sessions.min() for change in repair.changes)
    if is_whole or repair.kind not in _OF_SPLITS or begins > bars.sessions[0]:
        return repair
    reason = f"{repair.reason}; it begins before {repair.first}, from where bars were looked at"
    return replace(repair, evidence={**repair.evidence, "begin_seen": _UNSEEN}, reason=reason)


def _pieces(part: Part, repair: Repair) -> list[Repair]:
    """Return the repair, where bars are short cut at the months: each is of one part."""
    return [repair] if part.series.timeframe.is_daily else months_of(repair)


def _has_days(told: Sequence[ToldSeries], source: str) -> bool:
    return any(one.source == source and one.timeframe.is_daily for one in told)


def _bars(books: RepairBooks, part: Part, series: ToldSeries) -> ToldBars:
    return books.bars(series.source, series.timeframe, part.sees_from, part.sees_to)


def _examined(
    books: RepairBooks,
    told: Sequence[ToldSeries],
    part: Part,
    bars: ToldBars,
    splits: Splits,
    days: DayLevels | None,
) -> Examined:
    others = [
        one
        for one in told
        if one.timeframe is part.series.timeframe and one.source != part.series.source
    ]
    second: VendorSeries | None = None
    if others:
        best = min(others, key=lambda one: (one.rank, one.source))
        second = _bars(books, part, best).in_last_shares(splits)
    series = bars.in_last_shares(splits)
    if part.series.timeframe.is_daily:
        return examine(series, confirmed=splits, second=second)
    return examine_intraday(series, confirmed=splits, second=second, days=days)


def _dividends(
    books: RepairBooks, told: Sequence[ToldSeries], part: Part
) -> dict[str, Mapping[date, Decimal]]:
    """Return what vendors pay that these bars judge: their own, or the best where they have none.

    A file's dividends are its vendor's, and its bars are the file's.
    """
    if not part.series.timeframe.is_daily:
        return {}
    days = [one for one in told if one.timeframe.is_daily]
    best = min(days, key=lambda one: (one.rank, one.source)).source
    source = part.series.source
    return {
        vendor: amounts
        for vendor, amounts in books.dividends().items()
        if vendor == source or (source == best and not _has_days(days, vendor))
    }


def _looked(part: Part, bars: ToldBars) -> Looked:
    series = part.series
    own = bars.days_within(part.first, part.before)
    return Looked(series.source, series.timeframe, *own)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes what was found into what is kept."""

    instrument: str
    timeframe: Timeframe
    bars: ToldBars
    splits: Splits
    now: datetime

    def stored(self, source: str, repair: Repair) -> StoredRepair:
        """Return the repair of this source's word."""
        cells = self.bars.cells_of(repair, self.splits)
        key = source if self.timeframe.is_daily else f"{source}/{self.timeframe}"
        return StoredRepair(
            repair_id=id_of(key, self.instrument, repair, cells),
            instrument=self.instrument,
            timeframe=self.timeframe.value,
            source=source,
            kind=repair.kind,
            first=repair.first,
            last=repair.last,
            columns=tuple(cells),
            bars=len({(one.session, one.begins_at) for column in cells.values() for one in column}),
            cells=cells,
            evidence={name: round(one, 4) for name, one in repair.evidence.items()},
            reason=repair.reason,
            method=repair.method,
            known_from=repair.known_from,
            recorded_at=self.now,
        )
