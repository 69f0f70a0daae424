"""Risk: exposures copied from events, reservations, dated limits, and every answer given.

Numbers are plain NUMERIC: a reservation is price times quantity to the last digit, unrounded.
"""

from alembic import op

revision = "0040"
down_revision = "0030"

_TABLES = """
CREATE TABLE risk.accounts (
    account_id text PRIMARY KEY,
    -- These three are empty until AccountOpened came: a deposit may overtake it.
    owner text,
    kind text,
    currency text,
    -- Equal, they say that the stream of fills is here without a gap.
    fills bigint NOT NULL DEFAULT 0,
    last_fill bigint NOT NULL DEFAULT 0
);

CREATE TABLE risk.cash (
    account_id text NOT NULL REFERENCES risk.accounts,
    currency text NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (account_id, currency)
);

-- A flow counts once whatever events report it: their ids are the bus's, this one the ledger's.
CREATE TABLE risk.cash_transactions (
    transaction_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES risk.accounts,
    currency text NOT NULL,
    amount numeric NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE risk.positions (
    account_id text NOT NULL REFERENCES risk.accounts,
    instrument text NOT NULL,
    quantity numeric NOT NULL,
    PRIMARY KEY (account_id, instrument)
);

CREATE TABLE risk.instruments (
    symbol text PRIMARY KEY,
    currency text NOT NULL,
    listed_at timestamptz NOT NULL
);

CREATE TABLE risk.marks (
    instrument text PRIMARY KEY,
    price numeric NOT NULL CHECK (price > 0),
    currency text NOT NULL,
    -- The feed's count, not market time: a replay that starts over is the newer word.
    sequence bigint NOT NULL,
    occurred_at timestamptz NOT NULL
);

CREATE TABLE risk.limits (
    limits_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text REFERENCES risk.accounts,
    version integer NOT NULL,
    effective_from date NOT NULL,
    effective_until date CHECK (effective_until > effective_from),
    order_notional_max numeric NOT NULL CHECK (order_notional_max >= 0),
    order_quantity_max numeric NOT NULL CHECK (order_quantity_max >= 0),
    position_notional_max numeric NOT NULL CHECK (position_notional_max >= 0),
    price_collar numeric NOT NULL CHECK (price_collar >= 0 AND price_collar < 1),
    commission_per_share numeric NOT NULL CHECK (commission_per_share >= 0),
    mark_age_days_max integer NOT NULL CHECK (mark_age_days_max >= 0),
    source text NOT NULL,
    added_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (account_id, version)
);

-- One answer per order, for ever. An order released or ended before it was ever judged has one
-- too, so that a judgement that comes late reserves nothing.
CREATE TABLE risk.checks (
    order_id text PRIMARY KEY,
    account_id text,
    accepted boolean NOT NULL,
    reasons jsonb NOT NULL,
    limits_account_id text,
    limits_version integer,
    inputs jsonb,
    input_hash text,
    code_version text,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE risk.reservations (
    order_id text PRIMARY KEY REFERENCES risk.checks,
    account_id text NOT NULL REFERENCES risk.accounts,
    instrument text NOT NULL,
    currency text NOT NULL,
    side text NOT NULL CHECK (side IN ('buy', 'sell')),
    quantity numeric NOT NULL CHECK (quantity > 0),
    cash_per_share numeric NOT NULL CHECK (cash_per_share >= 0),
    filled numeric NOT NULL DEFAULT 0 CHECK (filled >= 0),
    released numeric NOT NULL DEFAULT 0 CHECK (released >= 0),
    -- A venue may fill after it said it was done: filled and released may add up to more.
    open numeric NOT NULL GENERATED ALWAYS AS (GREATEST(quantity - filled - released, 0)) STORED
);
-- Only what is still open is ever summed, however long the history grows.
CREATE INDEX reservations_open ON risk.reservations (account_id) WHERE open > 0;

CREATE TABLE risk.withdrawals (
    withdrawal_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES risk.accounts,
    -- Empty where it was released before it was judged.
    currency text,
    amount numeric CHECK (amount > 0),
    accepted boolean NOT NULL,
    reasons jsonb NOT NULL,
    ended boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK (NOT accepted OR (currency IS NOT NULL AND amount IS NOT NULL))
);
CREATE INDEX withdrawals_open ON risk.withdrawals (account_id) WHERE accepted AND NOT ended;

CREATE TABLE risk.breaks (
    break_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL REFERENCES risk.accounts,
    kind text NOT NULL CHECK (kind IN ('cash', 'position', 'open_order', 'pending')),
    subject text NOT NULL,
    ours numeric NOT NULL,
    theirs numeric NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX breaks_open ON risk.breaks (account_id, kind, subject)
    WHERE closed_at IS NULL;

-- Limits, answers and flows are added, never changed: what was decided stays explained. The role
-- may only add, and the triggers refuse those whom no grant binds: the tables' owner.
REVOKE UPDATE, DELETE ON risk.limits, risk.checks, risk.cash_transactions FROM bifrost_risk;

INSERT INTO risk.limits (account_id, version, effective_from, order_notional_max,
    order_quantity_max, position_notional_max, price_collar, commission_per_share,
    mark_age_days_max, source, added_by)
-- Seven days are five sessions and their weekend.
VALUES (NULL, 1, '1900-01-01', 2000000, 100000, 5000000, 0.10, 0.01, 7,
    'the desk''s default, in the shape of SEA Rule 15c3-5(c)(1)', 'migration 0040');
"""

_APPEND_ONLY = """
CREATE FUNCTION risk.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_TABLE_NAME || ' is append-only: what was recorded stays';
END $body$;
"""


def upgrade() -> None:
    """Create risk's tables and the desk's default limits."""
    op.execute(_TABLES)
    op.execute(_APPEND_ONLY)
    for table in ("limits", "checks", "cash_transactions"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON risk.{table} FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change()"
        )
