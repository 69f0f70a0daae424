"""Rows of repairs and their steps: what is written, and how they are read again."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.core.errors import NotFoundError
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import (
    Cell,
    RepairQuery,
    RepairRecord,
    RepairState,
    RepairStep,
    StoredRepair,
)

# A list shows no values: those of a month of minutes are megabytes.
_SHOWN = """r.place, r.repair_id, r.instrument, r.timeframe, r.source, r.kind, r.first_session,
    r.last_session, r.columns, r.bars, r.evidence, r.reason, r.method, r.known_from,
    r.recorded_at"""

_RECORDS = f"""
SELECT {_SHOWN}, {{cells}} AS cells, (
    SELECT jsonb_agg(jsonb_build_array(s.state, s.taken_by, s.reason, s.recorded_at)
        ORDER BY s.place)
    FROM data.repair_steps s WHERE s.repair_id = r.repair_id) AS steps
FROM data.repairs r
"""

_FIND = f"{_RECORDS.format(cells='r.cells')} WHERE r.repair_id = %s"

_LISTED = f"""
{_RECORDS.format(cells="NULL")} WHERE r.place > %(after)s
    AND (%(instrument)s = '' OR r.instrument = %(instrument)s)
    AND (%(kind)s = '' OR r.kind = %(kind)s)
    AND (%(state)s = '' OR %(state)s = (
        SELECT s.state FROM data.repair_steps s WHERE s.repair_id = r.repair_id
        ORDER BY s.place DESC LIMIT 1))
ORDER BY r.place LIMIT %(limit)s
"""

_ADD = """
INSERT INTO data.repairs (repair_id, instrument, timeframe, source, kind, first_session,
    last_session, columns, bars, cells, score, evidence, reason, method, known_from, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING place
"""

_STEP = """
INSERT INTO data.repair_steps (repair_id, state, taken_by, reason, recorded_at)
VALUES (%s, %s, %s, %s, %s)
"""


def find(cursor: Cursor, repair_id: str) -> RepairRecord | None:
    """Return a repair; None where there is none of this id."""
    row = cursor.execute(_FIND, (repair_id,)).fetchone()
    return None if row is None else _record(row)


def add(cursor: Cursor, repair: StoredRepair) -> int:
    """Write a repair and return its place."""
    cells = {name: [_cell_row(cell) for cell in column] for name, column in repair.cells.items()}
    row = cursor.execute(
        _ADD,
        (
            *(repair.repair_id, repair.instrument, repair.timeframe, repair.source),
            *(repair.kind.value, repair.first, repair.last, list(repair.columns), repair.bars),
            *(json.dumps(cells), repair.score, json.dumps(dict(repair.evidence))),
            *(repair.reason, repair.method, repair.known_from, repair.recorded_at),
        ),
    ).fetchone()
    if row is None:
        raise AssertionError("an insert that returns has a row")
    return int(row["place"])


def add_step(cursor: Cursor, repair_id: str, step: RepairStep) -> None:
    """Write a step."""
    cursor.execute(_STEP, (repair_id, step.state.value, step.by, step.reason, step.at))


def find_repair(database: Database, repair_id: str) -> RepairRecord:
    """Return a repair; raise NotFoundError."""
    with database.transaction() as cursor:
        found = find(cursor, repair_id)
    if found is None:
        raise NotFoundError(f"no repair is called {repair_id}; see `bifrost data repairs list`")
    return found


def list_repairs(
    database: Database, asked: RepairQuery, *, after: int, limit: int
) -> Sequence[RepairRecord]:
    """Return the repairs asked for, in the order they were found."""
    values = {
        "after": after,
        "instrument": asked.instrument,
        "kind": asked.kind.value if asked.kind else "",
        "state": asked.state.value if asked.state else "",
        "limit": limit,
    }
    return [_record(row) for row in database.fetch_all(_LISTED, values)]


def _record(row: Row) -> RepairRecord:
    repair = StoredRepair(
        repair_id=row["repair_id"],
        instrument=row["instrument"],
        timeframe=row["timeframe"],
        source=row["source"],
        kind=RepairKind(row["kind"]),
        first=row["first_session"],
        last=row["last_session"],
        columns=tuple(row["columns"]),
        bars=row["bars"],
        cells={
            name: tuple(map(_cell, row["cells"][name]))
            for name in row["columns"]
            if row["cells"] is not None
        },
        evidence=row["evidence"],
        reason=row["reason"],
        method=row["method"],
        known_from=row["known_from"],
        recorded_at=row["recorded_at"],
    )
    return RepairRecord(row["place"], repair, tuple(map(_step, row["steps"])))


def _cell_row(cell: Cell) -> list[str | None]:
    values = [cell.session.isoformat(), _text(cell.raw), _text(cell.repaired)]
    return values if cell.begins_at is None else [*values, cell.begins_at.isoformat()]


def _cell(told: list[Any]) -> Cell:
    session, raw, repaired, *begins = told
    begins_at = datetime.fromisoformat(begins[0]) if begins else None
    return Cell(date.fromisoformat(session), _decimal(raw), _decimal(repaired), begins_at)


def _step(told: list[Any]) -> RepairStep:
    state, by, reason, at = told
    return RepairStep(RepairState(state), by, reason, datetime.fromisoformat(at))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
