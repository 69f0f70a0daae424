"""VendorStates in Postgres: one row per vendor, so that every Lambda is the same caller to it.

Never inside another transaction: the row stays locked until that ends, and every other process
that asks the vendor waits for it.
"""

from collections.abc import Callable
from typing import TypeVar

from bifrost.adapters.postgres.database import Database, Row
from bifrost.data.providers.breaking import Circuit, CircuitState
from bifrost.data.providers.limits import Bucket
from bifrost.data.providers.vendor_states import AnswerKind, LastAnswer, VendorState

T = TypeVar("T")
_MILLIONTHS = 1_000_000

_COLUMNS = """circuit, generation, failures, recent, since, tokens, filled_at, paused_until,
 answer, reason, answered_at"""
_FIND = f"SELECT {_COLUMNS} FROM data.vendor_states WHERE vendor = %(vendor)s"
# Two who are the first wait for each other here, where there is no row to lock yet.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('data.vendor_states'), hashtext(%(vendor)s))"
_KEEP = f"""
INSERT INTO data.vendor_states (vendor, {_COLUMNS})
VALUES (%(vendor)s, %(circuit)s, %(generation)s, %(failures)s, %(recent)s, %(since)s, %(tokens)s,
    %(filled_at)s, %(paused_until)s, %(answer)s, %(reason)s, %(answered_at)s)
ON CONFLICT (vendor) DO UPDATE SET ({_COLUMNS}) = (EXCLUDED.circuit, EXCLUDED.generation,
    EXCLUDED.failures, EXCLUDED.recent, EXCLUDED.since, EXCLUDED.tokens, EXCLUDED.filled_at,
    EXCLUDED.paused_until, EXCLUDED.answer, EXCLUDED.reason, EXCLUDED.answered_at)
"""


class PostgresVendorStates:
    """Shared by every process; a change is a transaction of about a millisecond."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, vendor: str, step: Callable[[VendorState | None], tuple[VendorState, T]]) -> T:
        """Replace the vendor's state by what `step` makes of it, alone; return step's answer."""
        name = {"vendor": vendor}
        with self._database.transaction() as cursor:
            cursor.execute(_LOCK, name)
            row = cursor.execute(_FIND, name).fetchone()
            state, answer = step(None if row is None else _state_of(row))
            cursor.execute(_KEEP, {**name, **_row_of(state)})
        return answer

    def find(self, vendor: str) -> VendorState | None:
        """Return how the vendor stands; None where nobody has asked it yet."""
        row = self._database.fetch_one(_FIND, {"vendor": vendor})
        return None if row is None else _state_of(row)


def _state_of(row: Row) -> VendorState:
    circuit = Circuit(
        CircuitState(row["circuit"]),
        row["generation"],
        row["failures"],
        row["recent"],
        row["since"],
    )
    bucket = Bucket(row["tokens"] / _MILLIONTHS, row["filled_at"], row["paused_until"])
    last = None
    if row["answer"] is not None:
        last = LastAnswer(AnswerKind(row["answer"]), row["reason"], row["answered_at"])
    return VendorState(circuit, bucket, last)


def _row_of(state: VendorState) -> Row:
    circuit, bucket, last = state.circuit, state.bucket, state.last
    return {
        "circuit": circuit.state.value,
        "generation": circuit.generation,
        "failures": circuit.failures,
        "recent": circuit.recent,
        "since": circuit.since,
        "tokens": round(bucket.tokens * _MILLIONTHS),
        "filled_at": bucket.filled_at,
        "paused_until": bucket.paused_until,
        "answer": None if last is None else last.kind.value,
        # Postgres keeps no NUL in a text, and a vendor may send one.
        "reason": "" if last is None else last.reason.replace("\x00", ""),
        "answered_at": None if last is None else last.at,
    }
