"""The kill switch and the gate's limits in Postgres."""

from dataclasses import asdict
from datetime import datetime

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.execution.switches import GateLimits, GateState, Switch, SwitchMode, strictest

# Senders share this lock and a change of the desk's switch takes it alone, so that whoever claims
# after the change's commit has read it. A row lock would let a stream of senders starve the halt;
# this one queues. RDS Proxy pins no connection for a lock that ends with its transaction.
_DESK_LOCK = 7_301_001
SHARE_DESK = f"pg_advisory_xact_lock_shared({_DESK_LOCK})"
_OWN_DESK = f"SELECT pg_advisory_xact_lock({_DESK_LOCK})"

# What `GateState` is read from; wants %(now)s and the account as SQL.
GATE_COLUMNS = """
    (SELECT mode FROM execution.switches WHERE scope = 'desk') AS desk_mode,
    (SELECT mode FROM execution.switches WHERE scope = {account}) AS account_mode,
    (SELECT count(*) FROM execution.intents sent WHERE sent.account_id = {account}
        AND sent.sent_at > %(now)s - interval '1 minute') AS sent_lately,
    bounds.order_notional_max, bounds.orders_per_minute
"""
GATE_LIMITS = """(
    SELECT order_notional_max, orders_per_minute FROM execution.gate_limits
    WHERE effective_from <= %(now)s ORDER BY effective_from DESC LIMIT 1) bounds ON true
"""
_GATE = f"""
SELECT {GATE_COLUMNS.format(account="%(account_id)s")}
FROM (VALUES (1)) one LEFT JOIN {GATE_LIMITS}
"""
_PUT = """
INSERT INTO execution.switches (scope, mode, reason, set_by, set_at)
VALUES (%(scope)s, %(mode)s, %(reason)s, %(set_by)s, %(set_at)s)
ON CONFLICT (scope) DO UPDATE SET mode = excluded.mode, reason = excluded.reason,
    set_by = excluded.set_by, set_at = excluded.set_at
"""
_CHANGE = """
INSERT INTO execution.switch_changes (scope, mode, reason, set_by, set_at)
VALUES (%(scope)s, %(mode)s, %(reason)s, %(set_by)s, %(set_at)s)
"""
_IN_FORCE = """
SELECT s.* FROM execution.switches s LEFT JOIN execution.accounts a ON a.account_id = s.scope
WHERE s.scope = 'desk' OR %(owner)s::text IS NULL OR a.owner = %(owner)s
ORDER BY s.scope <> 'desk', s.scope
"""


class PostgresSwitches:
    """Switches, through the statements of one transaction."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def gate(self, account_id: str, now: datetime) -> GateState:
        """Read what the gate knows of the account."""
        values = {"account_id": account_id, "now": now}
        row = self._statements.execute(_GATE, values).fetchone()
        if row is None:  # it selects from one row
            raise AssertionError("the gate's state has vanished")
        return gate_of(row)

    def lock(self, account_id: str | None) -> None:
        """Wait for claims under way in the account or, for None, on the desk; hold off others."""
        if account_id is None:
            self._statements.execute(_OWN_DESK)
            return
        self._statements.execute(
            "SELECT 1 FROM execution.accounts WHERE account_id = %s FOR NO KEY UPDATE",
            (account_id,),
        )

    def put(self, switch: Switch) -> None:
        """Set the switch and keep the change for the audit."""
        self._statements.execute(_PUT, asdict(switch))
        self._statements.execute(_CHANGE, asdict(switch))

    def of_account(self, account_id: str) -> Switch | None:
        """Return the account's own switch; None where it was never set."""
        query = "SELECT * FROM execution.switches WHERE scope = %s"
        row = self._statements.execute(query, (account_id,)).fetchone()
        return None if row is None else Switch(**{**row, "mode": SwitchMode(row["mode"])})

    def in_force(self, owner: str | None) -> list[Switch]:
        """Return the desk's switch and those of the owner's accounts; of all accounts for None."""
        rows = self._statements.execute(_IN_FORCE, {"owner": owner}).fetchall()
        return [Switch(**{**row, "mode": SwitchMode(row["mode"])}) for row in rows]


def gate_of(row: Row) -> GateState:
    """Read `GATE_COLUMNS`."""
    desk, account = (
        None if row[name] is None else SwitchMode(row[name])
        for name in ("desk_mode", "account_mode")
    )
    limits = None
    if row["order_notional_max"] is not None:
        limits = GateLimits(row["order_notional_max"], row["orders_per_minute"])
    return GateState(strictest(desk, account), limits, row["sent_lately"])
