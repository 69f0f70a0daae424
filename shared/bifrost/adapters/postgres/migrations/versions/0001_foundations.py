"""One schema per capability, each with its outbox, inbox, streams and idempotency keys.

Roles exist before this runs (`local.postgres` or the cloud's set-up creates them): a migration
holds no password.
"""

from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = ("data", "portfolio", "execution", "risk", "compliance", "venue")
# The venue is an outside party: it keeps books, and knows nothing of our events.
LISTENING = SCHEMAS[:-1]

_TABLES = """
CREATE TABLE {s}.outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL UNIQUE,
    source text NOT NULL,
    detail_type text NOT NULL,
    detail jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    published_at timestamptz,
    refusals integer NOT NULL DEFAULT 0
);
CREATE INDEX outbox_waiting ON {s}.outbox (refusals, position) WHERE published_at IS NULL;

CREATE TABLE {s}.inbox (
    event_id text PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE {s}.streams (
    stream text PRIMARY KEY,
    next_sequence bigint NOT NULL
);
CREATE TABLE {s}.early_events (
    stream text NOT NULL,
    sequence bigint NOT NULL,
    detail_type text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (stream, sequence)
);

CREATE TABLE {s}.idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    body_hash text NOT NULL,
    resource_id text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
"""


def upgrade() -> None:
    """Create the schemas; each role reaches its own and no other."""
    for schema in SCHEMAS:
        op.execute(f"CREATE SCHEMA {schema}")
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO bifrost_{schema}")
        op.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bifrost_{schema}"
        )
        op.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}"
            f" GRANT USAGE, SELECT ON SEQUENCES TO bifrost_{schema}"
        )
    for schema in LISTENING:
        op.execute(_TABLES.format(s=schema))
