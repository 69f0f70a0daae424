"""Execution: orders with every step, the claims to send them, fills, and what the venue said."""

from alembic import op

revision = "0030"
down_revision = "0020"

_TABLES = """
CREATE TABLE execution.accounts (
    account_id text PRIMARY KEY,
    owner text NOT NULL,
    currency text NOT NULL,
    fill_sequence bigint NOT NULL DEFAULT 0
);

CREATE TABLE execution.instruments (
    symbol text PRIMARY KEY,
    mic text NOT NULL,
    currency text NOT NULL,
    tick_size numeric(28, 8) NOT NULL CHECK (tick_size > 0),
    lot_size numeric(28, 8) NOT NULL CHECK (lot_size > 0),
    name text NOT NULL
);

CREATE TABLE execution.orders (
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    order_id text PRIMARY KEY,
    client_order_id text NOT NULL UNIQUE,
    account_id text NOT NULL REFERENCES execution.accounts,
    owner text NOT NULL,
    idempotency_key text NOT NULL,
    body_hash text NOT NULL,
    instrument text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    type text NOT NULL CHECK (type IN ('market', 'limit', 'stop', 'stop_limit')),
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0),
    time_in_force text NOT NULL CHECK (time_in_force IN ('day', 'gtc')),
    currency text NOT NULL,
    limit_price numeric(28, 8) CHECK (limit_price > 0),
    stop_price numeric(28, 8) CHECK (stop_price > 0),
    status text NOT NULL,
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0,
    filled_notional numeric(38, 16) NOT NULL DEFAULT 0,
    reasons jsonb NOT NULL DEFAULT '[]',
    venue_text text NOT NULL DEFAULT '',
    correlation_id text NOT NULL,
    workflow_starts integer NOT NULL DEFAULT 0,
    workflow_started_at timestamptz NOT NULL,
    steps integer NOT NULL DEFAULT 0,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (account_id, idempotency_key)
);
CREATE INDEX orders_of_owner ON execution.orders (owner, place DESC);
CREATE INDEX orders_open ON execution.orders (account_id, instrument)
    WHERE status NOT IN ('filled', 'cancelled', 'expired', 'rejected', 'refused');
CREATE INDEX orders_waiting ON execution.orders (updated_at)
    WHERE status IN ('received', 'checked', 'submitted', 'unknown', 'pending_cancel');

CREATE TABLE execution.order_steps (
    order_id text NOT NULL REFERENCES execution.orders,
    position integer NOT NULL,
    what text NOT NULL,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE execution.intents (
    order_id text PRIMARY KEY REFERENCES execution.orders,
    client_order_id text NOT NULL UNIQUE,
    quantity numeric(28, 8) NOT NULL,
    fence bigint NOT NULL,
    sent_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    answered_at timestamptz
);
CREATE INDEX intents_unanswered ON execution.intents (lease_until) WHERE answered_at IS NULL;

CREATE TABLE execution.fills (
    venue text NOT NULL,
    execution_id text NOT NULL,
    order_id text NOT NULL REFERENCES execution.orders,
    account_id text NOT NULL REFERENCES execution.accounts,
    sequence bigint NOT NULL,
    report_sequence bigint NOT NULL,
    instrument text NOT NULL,
    side text NOT NULL,
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0),
    price numeric(28, 8) NOT NULL CHECK (price > 0),
    commission numeric(28, 8) NOT NULL CHECK (commission >= 0),
    currency text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (venue, execution_id),
    UNIQUE (account_id, sequence)
);
CREATE INDEX fills_of_position ON execution.fills (account_id, instrument);

CREATE TABLE execution.venue_cursor (
    venue text PRIMARY KEY,
    last_sequence bigint NOT NULL
);

CREATE TABLE execution.unmatched_reports (
    venue text NOT NULL,
    sequence bigint NOT NULL,
    client_order_id text NOT NULL,
    report jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (venue, sequence)
);

CREATE TABLE execution.marks (
    instrument text PRIMARY KEY,
    price numeric(28, 8) NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE execution.market_time (
    venue text PRIMARY KEY,
    occurred_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables; what happened can be added to, and never changed."""
    op.execute(_TABLES)
    op.execute(
        "REVOKE UPDATE, DELETE ON execution.order_steps, execution.fills,"
        " execution.unmatched_reports FROM bifrost_execution"
    )
