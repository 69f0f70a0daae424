"""Idempotency-Key in Postgres: the database decides, in the transaction that it guards.

A queue's deduplication lasts five minutes and a cache can lose a key; a UNIQUE row cannot.
"""

import hashlib
import json
from typing import Any

from bifrost.adapters.postgres.database import Cursor
from bifrost.core.errors import KeyReusedError


def body_hash(body: Any) -> str:
    """Hash what was asked, so that the same words in another order are the same request."""
    return text_hash(canonical(body))


def canonical(body: Any) -> str:
    """Write JSON down in the one way in which it is hashed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)


def text_hash(text: str) -> str:
    """Hash what `canonical` wrote, for those who keep the text too."""
    return hashlib.sha256(text.encode()).hexdigest()


class IdempotencyKeys:
    """The keys one schema has seen."""

    def __init__(self, schema: str) -> None:
        self._insert = (
            f"INSERT INTO {schema}.idempotency (scope, key, body_hash, resource_id)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
        )
        self._select = (
            f"SELECT body_hash, resource_id FROM {schema}.idempotency WHERE scope = %s AND key = %s"
        )

    def claim(
        self, cursor: Cursor, *, scope: str, key: str, digest: str, resource_id: str
    ) -> str | None:
        """Take the key for `resource_id`; return None, or the resource that has it already.

        scope: the operation and whose it is (`deposits/<account>`). A concurrent claim waits for
        the other transaction's end. Raises KeyReusedError where the body was another one.
        """
        cursor.execute(self._insert, (scope, key, digest, resource_id))
        if cursor.rowcount == 1:
            return None
        row = cursor.execute(self._select, (scope, key)).fetchone()
        if row is None:  # ON CONFLICT saw it, and keys are never deleted
            raise AssertionError(f"key {key} has vanished")
        if row["body_hash"] != digest:
            raise KeyReusedError(
                f"Idempotency-Key {key} was used with another body;"
                " send a new key for a new request"
            )
        return str(row["resource_id"])
