"""Snapshots as rows of a table: one for each value, so that all have the same columns."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel

from bifrost.data.series.statistic_schemas import written
from bifrost.data.snapshots.schemas import EarningsSheet, KnownValue, ReportedValue, SnapshotSheet


class SnapshotRow(BaseModel):
    """One value of an instrument, and since when it could be known; a setup has none.

    part: overview, technicals, fundamentals, last_earnings, next_earnings or setups. concerns:
        the end of the period reported on, or the day of the earnings.
    """

    instrument: str
    session: date
    part: str
    name: str
    value: Decimal | None
    known_at: datetime
    concerns: date | None = None
    currency: str | None = None


def rows_of(sheets: Sequence[SnapshotSheet]) -> list[SnapshotRow]:
    """Return every value of these, instrument by instrument."""
    return [row for sheet in sheets for row in _rows(sheet)]


def _rows(sheet: SnapshotSheet) -> Iterator[SnapshotRow]:
    for part, values in (("overview", sheet.overview), ("technicals", sheet.technicals)):
        for name, known in values.items():
            yield _row(sheet, part, name, known)
    for name, told in sheet.fundamentals.items():
        yield _row(sheet, "fundamentals", name, told)
    yield from _earnings(sheet, "last_earnings", sheet.last_earnings)
    yield from _earnings(sheet, "next_earnings", sheet.next_earnings)
    for setup in sheet.setups:
        yield SnapshotRow(
            instrument=sheet.instrument,
            session=sheet.session,
            part="setups",
            name=setup.name,
            value=None,
            known_at=setup.known_at,
        )


def _row(sheet: SnapshotSheet, part: str, name: str, known: KnownValue) -> SnapshotRow:
    reported = known if isinstance(known, ReportedValue) else None
    return SnapshotRow(
        instrument=sheet.instrument,
        session=sheet.session,
        part=part,
        name=name,
        value=Decimal(written(known.value)),
        known_at=known.known_at,
        concerns=reported.period_end if reported else None,
        currency=reported.currency if reported else None,
    )


def _earnings(
    sheet: SnapshotSheet, part: str, report: EarningsSheet | None
) -> Iterator[SnapshotRow]:
    if report is None:
        return
    for name in ("eps_estimate", "eps_actual"):
        value = getattr(report, name)
        yield SnapshotRow(
            instrument=sheet.instrument,
            session=sheet.session,
            part=part,
            name=name,
            value=None if value is None else Decimal(written(value)),
            known_at=report.known_at,
            concerns=report.earnings_at.date(),
        )
