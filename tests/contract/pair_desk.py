"""A desk that imports a vendor's file with a fault and the file as people mended it, side by side.

The pairs are real ones where the data is, and made-up ones of clean bars that everybody has.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality_books import PostgresCompleteness, PostgresReleases
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.repairs import PostgresRepairs
from bifrost.core.sessions import exchange_date
from bifrost.data.quality.service import QualityService
from bifrost.data.repair.service import RepairService
from bifrost.data.repair.stored import RepairRecord, Scan, ScanAsked
from bifrost.data.repair.vendor_series import PRICES, VendorSeries
from bifrost.data.repair.yahoo_file import read_yahoo
from bifrost.data.series.asked import Adjustment
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.reading import BarsAsked
from tests.shared_data import shared_data
from tests.unit.data.repair import dividend_faults, faults
from tests.unit.data.repair.clean_series import window
from tests.upload_desk import UploadDesk, table

FAULTY, MENDED = "ACME", "GOOD"
_HEADER = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
_INJECTORS = faults.FAULTS | dividend_faults.FAULTS


@dataclass(frozen=True, slots=True)
class Pair:
    """A file with a fault, and the same as it should be."""

    told: bytes
    mended: bytes

    @property
    def right(self) -> VendorSeries:
        """What the mended file says."""
        return read_yahoo(self.mended.decode())


def real(name: str) -> Pair:
    """Return a pair of the vendor's, or skip the test."""
    told, mended = (
        shared_data(f"yahoo_bad_vs_fixed/{name}{which}.csv").read_bytes()
        for which in ("", "-fixed")
    )
    return Pair(told, mended)


def made_up(kind: str, seed: int) -> Pair:
    """Return a pair of IBM's clean bars with a fault put in."""
    faulty = _INJECTORS[kind](window("IBM", 1000, 500), np.random.default_rng(seed))
    return Pair(_written(faulty.told), _written(faulty.right))


def _written(series: VendorSeries) -> bytes:
    """Write a series as yfinance does."""
    lines = [_HEADER]
    names = (*PRICES, "adjusted_close", "volume", "dividends", "splits")
    for at, day in enumerate(series.sessions):
        cells = [f"{series.column(name)[at]:.10g}" for name in names]
        lines.append(",".join([f"{day} 00:00:00-05:00", *cells]))
    return "\n".join([*lines, ""]).encode()


class PairDesk:
    """A desk on which both files of a pair were imported, each as an instrument of its own."""

    def __init__(self, database: Database, pair: Pair) -> None:
        self.data = UploadDesk(database)
        self.pair = pair
        self.repairs = RepairService(
            PostgresRepairs(database), self.data.imports, self.data.clock, RandomIds()
        )
        self.quality = QualityService(
            PostgresQualityReader(database),
            PostgresCompleteness(database),
            PostgresReleases(database),
            self.data.clock,
            RandomIds(),
        )
        for instrument, content in ((FAULTY, pair.told), (MENDED, pair.mended)):
            made = self.data.declare(table("bars.csv", instrument, mic="XNYS", currency="USD"))
            (self.imported,) = self.data.send(made, {"bars.csv": content}).values()

    def look(self, instrument: str = FAULTY) -> Scan:
        """Look at what the file brought, and make what is sure."""
        self.data.clock.pass_by(1)
        return self.repairs.scan(ScanAsked(instrument, source="csv"))

    def believe_splits(self) -> None:
        """Say the files' splits as a person, beside their vendor: they have the votes then."""
        told = [
            f"{instrument},{day},{terms['new_shares']},{terms['old_shares']}"
            for instrument, day, terms in self._claims("split")
        ]
        self._announce("split", "instrument,ex_date,new_shares,old_shares", told)

    def believe_dividends(self) -> None:
        """Say as a person that the faulty file's instrument paid what the mended one says."""
        told = [
            f"{FAULTY},{day},{amount:f},ordinary" for day, amount in self.dividends(MENDED).items()
        ]
        columns = "instrument,ex_date,amount_per_share,dividend_kind"
        self._announce("cash_dividend", columns, told)

    def _announce(self, kind: str, columns: str, told: list[str]) -> None:
        if told:
            header = f"action_id,vendor,revision,kind,currency,{columns}"
            rows = [f"{kind}-{place},acme,1,{kind},USD,{one}" for place, one in enumerate(told)]
            self.data.imports.announce("\n".join([header, *rows, ""]).encode(), "request-1")

    def _claims(self, kind: str) -> list[tuple[str, date, dict[str, str]]]:
        """Return whose, when and on which terms each act of this kind is claimed."""
        rows = self.data.rows("SELECT instrument, action FROM data.corporate_actions")
        return [
            (row["instrument"], date.fromisoformat(row["action"]["ex_date"]), row["action"][kind])
            for row in rows
            if row["action"].get(kind)
        ]

    def dividends(self, instrument: str) -> dict[date, Decimal]:
        """Return what the file's vendor claims that was paid, per share of its day."""
        return {
            day: Decimal(terms["amount_per_share"])
            for of, day, terms in self._claims("cash_dividend")
            if of == instrument
        }

    def published(self) -> dict[date, Decimal]:
        """Return the dividends of the faulty file's instrument that stand."""
        rows = self.data.rows(
            "SELECT DISTINCT ON (action_id) action, withdrawn FROM data.published_actions"
            f" WHERE instrument = '{FAULTY}' ORDER BY action_id, revision DESC"
        )
        return {
            date.fromisoformat(row["action"]["ex_date"]): Decimal(
                row["action"]["cash_dividend"]["amount_per_share"]
            )
            for row in rows
            if not row["withdrawn"] and row["action"].get("cash_dividend")
        }

    def raw(self, instrument: str = FAULTY) -> BarColumns:
        """Return the bars that stand, as traded."""
        return self.read(instrument, Adjustment.NONE)

    def read(self, instrument: str, adjust: Adjustment) -> BarColumns:
        """Return the bars that stand, as anybody reads them."""
        return self.data.reading.read(BarsAsked(name=instrument, adjust=adjust)).bars

    def apply(self, record: RepairRecord) -> RepairRecord:
        """Make a repair."""
        self.data.clock.pass_by(1)
        return self.repairs.apply(
            record.repair.repair_id, by="ann", reason="a test", correlation_id="request-1"
        )

    def undo(self, record: RepairRecord) -> RepairRecord:
        """Take a repair back."""
        self.data.clock.pass_by(1)
        return self.repairs.undo(
            record.repair.repair_id, by="ann", reason="a test", correlation_id="request-1"
        )

    def release_all(self) -> None:
        """Let in all that the gate keeps apart and no repair has mended."""
        first, last = (self.pair.right.sessions[place].item() for place in (0, -1))
        for bar in self.quality.report(first=first, last=last, instrument=FAULTY).quarantined:
            self.data.clock.pass_by(1)
            self.quality.release(
                bar.quarantine_id, by="ann", reason="a test", correlation_id="request-1"
            )


def days_of(bars: BarColumns) -> list[date]:
    """Return the sessions of bars."""
    return [exchange_date(instant_of(int(at))) for at in bars.starts_at]
