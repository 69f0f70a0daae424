"""The paper venue's own books: accounts, orders, reports, positions, and the tape it trades on."""

from alembic import op

revision = "0060"
down_revision = "0050"

# Plain numeric: the venue's arithmetic is exact, so nothing may be rounded on the way in.
_TABLES = """
CREATE TABLE venue.accounts (
    account_id text PRIMARY KEY,
    currency text NOT NULL,
    cash numeric NOT NULL DEFAULT 0
);

CREATE TABLE venue.transfers (
    transfer_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES venue.accounts,
    amount numeric NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE venue.positions (
    account_id text NOT NULL REFERENCES venue.accounts,
    instrument text NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (account_id, instrument)
);

-- No reference to accounts: an order for an account that nobody opened is kept, rejected.
CREATE TABLE venue.orders (
    client_order_id text PRIMARY KEY,
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    account_id text NOT NULL,
    instrument text NOT NULL,
    side text NOT NULL,
    type text NOT NULL,
    quantity numeric NOT NULL,
    time_in_force text NOT NULL,
    currency text NOT NULL,
    limit_price numeric,
    stop_price numeric,
    accepted_after timestamptz,
    filled_quantity numeric NOT NULL DEFAULT 0,
    triggered boolean NOT NULL DEFAULT false,
    status text NOT NULL,
    text text NOT NULL DEFAULT ''
);
CREATE INDEX orders_working ON venue.orders (instrument, place)
    WHERE status IN ('accepted', 'partially_filled');
CREATE INDEX orders_of_account ON venue.orders (account_id)
    WHERE status IN ('accepted', 'partially_filled');

CREATE TABLE venue.reports (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id text NOT NULL UNIQUE,
    client_order_id text NOT NULL REFERENCES venue.orders,
    account_id text NOT NULL,
    kind text NOT NULL,
    quantity numeric NOT NULL,
    price numeric NOT NULL,
    commission numeric NOT NULL,
    occurred_at timestamptz NOT NULL,
    text text NOT NULL
);
CREATE INDEX reports_of_account ON venue.reports (account_id, sequence);

CREATE TABLE venue.tape (
    instrument text NOT NULL,
    closed_at timestamptz NOT NULL,
    session date NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    PRIMARY KEY (instrument, closed_at)
);
CREATE INDEX tape_time ON venue.tape (closed_at);

CREATE TABLE venue.terms (
    instrument text PRIMARY KEY,
    volume_share numeric NOT NULL DEFAULT 0.001 CHECK (volume_share > 0),
    commission_per_share numeric NOT NULL DEFAULT 0 CHECK (commission_per_share >= 0)
);
-- What holds for an instrument that has no row of its own.
INSERT INTO venue.terms (instrument) VALUES ('*');
"""


def upgrade() -> None:
    """Create the books."""
    op.execute(_TABLES)
