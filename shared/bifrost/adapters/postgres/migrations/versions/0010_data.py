"""Data: instruments, their calendar and bars, imports, and the feed that replays publish to.

Daily bars are one plain table: 500 instruments over 25 years are three million rows, and one
instrument's history is one range of the primary key, where yearly partitions would make it a
scan of twenty-five. Minute bars, a thousand times as many, are partitioned (0140).

Prices are NUMERIC without a scale, so that what was imported comes back to the last digit.
A bar is never changed: what corrects it is a row of its own, recorded later.
"""

import json

import sqlalchemy as sa
from alembic import op

from bifrost.adapters.calendars import xnys

revision = "0010"
down_revision = "0001"

_TABLES = """
CREATE TABLE data.sessions (
    calendar text NOT NULL,
    session date NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL CHECK (closes_at > opens_at),
    PRIMARY KEY (calendar, session)
);

CREATE TABLE data.instruments (
    symbol text PRIMARY KEY,
    mic text NOT NULL,
    calendar text NOT NULL,
    currency text NOT NULL,
    tick_size numeric NOT NULL CHECK (tick_size > 0),
    lot_size numeric NOT NULL CHECK (lot_size > 0),
    name text NOT NULL,
    -- Kept by each import: counting millions of bars for a list would be felt.
    first_session date,
    last_session date,
    bars bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL
);

-- No foreign key to instruments: its check of every row costs a third of the load, and an import
-- reads the listing in the same transaction.
CREATE TABLE data.bars (
    instrument text NOT NULL,
    session date NOT NULL,
    -- When the session opened, as it stood when this was recorded.
    occurred_at timestamptz NOT NULL,
    source text NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL CHECK (low > 0),
    close numeric NOT NULL,
    volume numeric NOT NULL CHECK (volume >= 0),
    adjusted_close numeric,
    recorded_at timestamptz NOT NULL,
    -- Of the repair that made this row of what the source had said; null where the source says so.
    repair_id text,
    PRIMARY KEY (instrument, session, source, recorded_at),
    CHECK (low <= open AND low <= close AND high >= open AND high >= close)
);

CREATE FUNCTION data.keep_rows() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
        'data.%s is append-only: correct a row by one that is recorded later', TG_TABLE_NAME);
END $body$;
CREATE TRIGGER bars_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON data.bars
    FOR EACH STATEMENT EXECUTE FUNCTION data.keep_rows();
REVOKE UPDATE, DELETE, TRUNCATE ON data.bars FROM bifrost_data;

-- Where COPY puts a file before it is merged. No temporary table: those are session state, which
-- a connection proxy cannot share. Unlogged: what a crash loses here is imported again.
CREATE SEQUENCE data.staging_numbers;
CREATE UNLOGGED TABLE data.bars_staging (
    import_number bigint NOT NULL,
    session date NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    adjusted_close numeric
);

CREATE TABLE data.imports (
    object_key text NOT NULL,
    etag text NOT NULL,
    status text NOT NULL CHECK (status IN ('done', 'waiting', 'failed')),
    waits_for text,
    rows_read bigint NOT NULL,
    rows_written bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    rows_quarantined bigint NOT NULL,
    problem text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (object_key, etag)
);
CREATE INDEX imports_waiting ON data.imports (waits_for) WHERE status = 'waiting';

CREATE TABLE data.import_rejections (
    object_key text NOT NULL,
    etag text NOT NULL,
    line bigint NOT NULL,
    text text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (object_key, etag, line),
    FOREIGN KEY (object_key, etag) REFERENCES data.imports
);

-- What has been published of each instrument: the next place in its stream, and its market time.
CREATE TABLE data.feed (
    instrument text PRIMARY KEY REFERENCES data.instruments,
    next_sequence bigint NOT NULL,
    last_closed_at timestamptz NOT NULL
);

-- The desk's market time, one row. It never runs backwards: an order placed at one market time
-- could else be filled at an earlier one.
CREATE TABLE data.market_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    market_time timestamptz
);
INSERT INTO data.market_clock DEFAULT VALUES;

CREATE TABLE data.replays (
    replay_id text PRIMARY KEY,
    instruments text[] NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL,
    sessions_per_second integer,
    status text NOT NULL CHECK (status IN ('running', 'done', 'failed')),
    sessions_total integer NOT NULL,
    sessions_published integer NOT NULL DEFAULT 0,
    bars_published integer NOT NULL DEFAULT 0,
    published_to date,
    requested_by text NOT NULL,
    correlation_id text NOT NULL,
    requested_at timestamptz NOT NULL,
    progressed_at timestamptz NOT NULL,
    restarts integer NOT NULL DEFAULT 0,
    stalls integer NOT NULL DEFAULT 0,
    restarted_at timestamptz
);
CREATE UNIQUE INDEX replays_one_at_a_time ON data.replays ((true)) WHERE status = 'running';
"""

_ACTIONS = """
-- Every revision that a vendor sent; the highest of an action is what stands. `action` is the
-- noun as events carry it, the columns beside it are for asking.
CREATE TABLE data.corporate_actions (
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    action_id text NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    vendor text NOT NULL,
    instrument text NOT NULL REFERENCES data.instruments,
    kind text NOT NULL,
    ex_date date NOT NULL,
    withdrawn boolean NOT NULL,
    action jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (action_id, revision)
);
CREATE INDEX corporate_actions_of_instrument ON data.corporate_actions (instrument, ex_date);

CREATE FUNCTION data.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = 'corporate actions are append-only: correct one by its next revision';
END $body$;
CREATE TRIGGER corporate_actions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON data.corporate_actions
    FOR EACH STATEMENT EXECUTE FUNCTION data.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON data.corporate_actions FROM bifrost_data;
"""

_SESSIONS = """
INSERT INTO data.sessions
SELECT calendar, session, opens_at, closes_at FROM jsonb_to_recordset(CAST(:sessions AS jsonb))
    AS s (calendar text, session date, opens_at timestamptz, closes_at timestamptz)
"""


def upgrade() -> None:
    """Create the tables and bake the calendar into one of them."""
    op.execute(_TABLES)
    op.execute(_ACTIONS)
    baked = [
        {
            "calendar": session.calendar,
            "session": session.session.isoformat(),
            "opens_at": session.opens_at.isoformat(),
            "closes_at": session.closes_at.isoformat(),
        }
        for session in xnys.sessions()
    ]
    op.get_bind().execute(sa.text(_SESSIONS), {"sessions": json.dumps(baked)})
