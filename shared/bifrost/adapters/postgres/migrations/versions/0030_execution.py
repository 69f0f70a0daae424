"""Execution: orders with every step, the claims to send them, fills, and what the venue said.

Postgres takes NaN for greater than every number, so no bound from below keeps it out.
"""

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
    tick_size numeric(28, 8) NOT NULL CHECK (tick_size > 0 AND tick_size <> 'NaN'),
    lot_size numeric(28, 8) NOT NULL CHECK (lot_size > 0 AND lot_size <> 'NaN'),
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
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0 AND quantity <> 'NaN'),
    time_in_force text NOT NULL CHECK (time_in_force IN ('day', 'gtc')),
    currency text NOT NULL,
    limit_price numeric(28, 8) CHECK (limit_price > 0 AND limit_price <> 'NaN'),
    stop_price numeric(28, 8) CHECK (stop_price > 0 AND stop_price <> 'NaN'),
    status text NOT NULL CHECK (status IN (
        'received', 'checked', 'submitted', 'accepted', 'partially_filled', 'pending_cancel',
        'pending_replace', 'suspended', 'unknown', 'filled', 'cancelled', 'expired', 'rejected',
        'refused')),
    filled_quantity numeric(28, 8) NOT NULL DEFAULT 0
        CHECK (filled_quantity >= 0 AND filled_quantity <> 'NaN'),
    filled_notional numeric(38, 16) NOT NULL DEFAULT 0
        CHECK (filled_notional >= 0 AND filled_notional <> 'NaN'),
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
-- Asked before every send, and hardly ever more than empty.
CREATE INDEX orders_unknown ON execution.orders (account_id, instrument) WHERE status = 'unknown';
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
    account_id text NOT NULL REFERENCES execution.accounts,
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0 AND quantity <> 'NaN'),
    fence bigint NOT NULL,
    sent_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    answered_at timestamptz
);
CREATE INDEX intents_unanswered ON execution.intents (lease_until) WHERE answered_at IS NULL;
CREATE INDEX intents_of_account ON execution.intents (account_id, sent_at);

CREATE TABLE execution.switches (
    scope text PRIMARY KEY,
    mode text NOT NULL CHECK (mode IN ('trade', 'stop_new', 'halt')),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

CREATE TABLE execution.switch_changes (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('trade', 'stop_new', 'halt')),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

CREATE TABLE execution.gate_limits (
    effective_from timestamptz PRIMARY KEY,
    order_notional_max numeric(28, 8) NOT NULL
        CHECK (order_notional_max > 0 AND order_notional_max <> 'NaN'),
    orders_per_minute integer NOT NULL CHECK (orders_per_minute > 0),
    source text NOT NULL
);

CREATE TABLE execution.fills (
    venue text NOT NULL,
    execution_id text NOT NULL,
    order_id text NOT NULL REFERENCES execution.orders,
    account_id text NOT NULL REFERENCES execution.accounts,
    sequence bigint NOT NULL,
    report_sequence bigint NOT NULL,
    instrument text NOT NULL,
    side text NOT NULL,
    quantity numeric(28, 8) NOT NULL CHECK (quantity > 0 AND quantity <> 'NaN'),
    price numeric(28, 8) NOT NULL CHECK (price > 0 AND price <> 'NaN'),
    commission numeric(28, 8) NOT NULL CHECK (commission >= 0 AND commission <> 'NaN'),
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

-- One row at most: how far the last round of reconciliations is; `after` is NULL once through.
CREATE TABLE execution.reconciliation_round (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    stamp text NOT NULL,
    after text
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
    price numeric(28, 8) NOT NULL CHECK (price > 0 AND price <> 'NaN'),
    occurred_at timestamptz NOT NULL
);

CREATE TABLE execution.market_time (
    venue text PRIMARY KEY,
    occurred_at timestamptz NOT NULL
);
"""

# Above every limit that risk has by default: the gate catches what risk should have.
_SEEDS = """
WITH seed AS (
    INSERT INTO execution.switches
    VALUES ('desk', 'trade', 'the desk opens', 'migration 0030', now()) RETURNING *)
INSERT INTO execution.switch_changes (scope, mode, reason, set_by, set_at) SELECT * FROM seed;
INSERT INTO execution.gate_limits VALUES ('2000-01-01 00:00Z', 10000000, 600, 'migration 0030');
"""


def upgrade() -> None:
    """Create the tables; what happened can be added to, and never changed."""
    op.execute(_TABLES)
    op.execute(_SEEDS)
    op.execute(
        "REVOKE UPDATE, DELETE ON execution.order_steps, execution.fills,"
        " execution.unmatched_reports, execution.switch_changes, execution.gate_limits"
        " FROM bifrost_execution"
    )
    op.execute("REVOKE DELETE ON execution.switches FROM bifrost_execution")
