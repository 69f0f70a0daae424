"""Leases as rows of `data.leases`: taken and kept by one statement, proved under a row lock."""

from bifrost.adapters.postgres.database import Database, Statements
from bifrost.core.errors import ConflictError
from bifrost.data.ingest.leases import Lease

# One statement decides: the row that another has locked is waited for, and seen as that one left
# it. So the end is counted from then: `excluded.ends_at` is of before the wait, and may be past.
_TAKE = """
INSERT INTO data.leases AS held (name, holder, token, ends_at)
VALUES (%(name)s, %(holder)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder,
    token = held.token + (held.holder <> excluded.holder OR held.ends_at <= clock_timestamp())::int,
    ends_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE held.holder = excluded.holder OR held.ends_at <= clock_timestamp()
RETURNING token
"""
_GIVE_BACK = """
UPDATE data.leases SET ends_at = clock_timestamp()
WHERE name = %s AND holder = %s AND token = %s AND ends_at > clock_timestamp()
"""
# Who stops amid a transaction holds this row: the server ends it when its lease would have ended.
_NO_LONGER = "SELECT set_config('idle_in_transaction_session_timeout', %s, false)"
# FOR SHARE: who takes the lease over waits until this transaction is kept or undone.
_PROVE = "SELECT token FROM data.leases WHERE name = %s FOR SHARE"


class PostgresLeases:
    """Leases in the schema `data`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, holder: str, seconds: int) -> Lease | None:
        """Take the lease, or keep one's own for so many seconds more; None while another has it.

        One's own that has ended comes back with a new token: what was begun under the old one
        is not to be finished.
        """
        values = {"name": name, "holder": holder, "seconds": seconds}
        with self._database.transaction() as cursor:
            cursor.execute(_NO_LONGER, (f"{seconds}s",))
            row = cursor.execute(_TAKE, values).fetchone()
        return None if row is None else Lease(name, holder, row["token"])

    def give_back(self, lease: Lease) -> None:
        """End it now, where it is still this holder's."""
        with self._database.transaction() as cursor:
            cursor.execute(_GIVE_BACK, (lease.name, lease.holder, lease.token))


def prove(cursor: Statements, lease: Lease) -> None:
    """Let the caller's transaction write as the holder; raise ConflictError where it is not.

    A lease that has ended and that nobody has taken still counts: no other writes meanwhile.
    """
    row = cursor.execute(_PROVE, (lease.name,)).fetchone()
    token = None if row is None else row["token"]
    if token != lease.token:
        raise ConflictError(
            f"{lease.holder} lost the lease {lease.name}: its token was {lease.token}, the newest"
            f" is {token}; another process does its work"
        )
