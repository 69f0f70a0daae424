"""Instruments over time: dated terms, index membership, and sources with their votes.

Rows have two times: the days on which they hold, and the instants between which we took them for
true. Nothing is changed but one thing, once: `superseded_at`, when another row takes the place.
So what was known at any instant stays, and an exclusion over days and knowledge together holds
that no instrument had two terms on one day, and no symbol two instruments. Exclusion of equal
texts needs no extension: a range of texts from a text to itself overlaps that text alone.

0001-01-01 says that no start is known, 9999-12-31 that there is no end.
"""

from alembic import op

revision = "0135"
down_revision = "0130"

_SOURCES = """
-- rank: of several that tell one thing, the lowest is believed. votes: a corporate action stands
-- with two. Whom this table does not know is the person who sent the file: rank 1, two votes.
CREATE TABLE data.sources (
    name text PRIMARY KEY,
    rank integer NOT NULL CHECK (rank >= 1),
    votes integer NOT NULL CHECK (votes >= 0)
);
INSERT INTO data.sources (name, rank, votes) VALUES
    ('csv', 1, 2), ('lean', 1, 2), ('parquet', 1, 2),
    ('alpaca', 10, 1), ('massive', 20, 1), ('yahoo', 30, 1), ('alphavantage', 30, 1),
    -- Heard once, of one exchange maybe: every vendor's history stands before it.
    ('stream', 35, 1),
    ('rollup', 40, 0);
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON data.sources FROM bifrost_data;

-- Daily bars that somebody told us: what is owed, counted, replayed or fed is held against these,
-- and not against what was computed here of minutes.
CREATE VIEW data.told_bars AS SELECT * FROM data.bars WHERE source <> 'rollup';
"""

_TERMS = """
CREATE TYPE data.texts AS RANGE (subtype = text);

CREATE TABLE data.instrument_terms (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to > valid_from),
    symbol text NOT NULL,
    mic text,
    currency text,
    tick_size numeric CHECK (tick_size > 0),
    lot_size numeric CHECK (lot_size > 0),
    name text,
    status text NOT NULL CHECK (status IN ('listed', 'delisted')),
    source text NOT NULL REFERENCES data.sources,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz CHECK (superseded_at >= recorded_at),
    CONSTRAINT one_terms_a_day EXCLUDE USING gist (
        data.texts(instrument, instrument, '[]') WITH &&,
        daterange(valid_from, valid_to) WITH &&,
        tstzrange(recorded_at, superseded_at) WITH &&),
    CONSTRAINT one_instrument_a_symbol EXCLUDE USING gist (
        data.texts(symbol, symbol, '[]') WITH &&,
        daterange(valid_from, valid_to) WITH &&,
        tstzrange(recorded_at, superseded_at) WITH &&) WHERE (status = 'listed')
);
CREATE INDEX instrument_terms_of_instrument ON data.instrument_terms (instrument, valid_from);
CREATE INDEX instrument_terms_of_symbol ON data.instrument_terms (symbol, valid_from);
"""

_INDEXES = """
CREATE TABLE data.index_members (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    index_name text NOT NULL,
    instrument text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to > valid_from),
    source text NOT NULL REFERENCES data.sources,
    recorded_at timestamptz NOT NULL,
    superseded_at timestamptz CHECK (superseded_at >= recorded_at),
    CONSTRAINT one_membership_a_day EXCLUDE USING gist (
        data.texts(index_name, index_name, '[]') WITH &&,
        data.texts(instrument, instrument, '[]') WITH &&,
        daterange(valid_from, valid_to) WITH &&,
        tstzrange(recorded_at, superseded_at) WITH &&)
);
CREATE INDEX index_members_of_index ON data.index_members (index_name, instrument, valid_from);
"""

_ONLY_SUPERSEDED = """
CREATE FUNCTION data.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL
            AND to_jsonb(OLD) - 'superseded_at' = to_jsonb(NEW) - 'superseded_at' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_TABLE_NAME || ' is append-only: supersede a row by another';
END $body$;
"""

_GUARDED = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON data.{table}
    FOR EACH ROW EXECUTE FUNCTION data.refuse_rewriting();
CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON data.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION data.refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON data.{table} FROM bifrost_data;
GRANT UPDATE (superseded_at) ON data.{table} TO bifrost_data;
"""

# What was listed before had no dates: its terms hold, as far as anyone said, for ever.
_LISTED = """
INSERT INTO data.instrument_terms (instrument, valid_from, valid_to, symbol, mic, currency,
    tick_size, lot_size, name, status, source, recorded_at)
SELECT symbol, '0001-01-01', '9999-12-31', symbol, mic, currency, tick_size, lot_size, name,
    'listed', 'csv', recorded_at FROM data.instruments;
"""

_PUBLISHED = """
-- What others heard of corporate actions: an action stands from when enough vendors claimed it,
-- and is adjusted for while the newest revision here is not withdrawn. `data.corporate_actions`
-- has what each vendor said.
CREATE TABLE data.published_actions (
    place bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    action_id text NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    instrument text NOT NULL,
    ex_date date NOT NULL,
    withdrawn boolean NOT NULL,
    action jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (action_id, revision)
);
CREATE INDEX published_actions_of_instrument ON data.published_actions (instrument, ex_date);
CREATE TRIGGER published_actions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON data.published_actions
    FOR EACH STATEMENT EXECUTE FUNCTION data.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON data.published_actions FROM bifrost_data;
INSERT INTO data.published_actions
    (action_id, revision, instrument, ex_date, withdrawn, action, recorded_at)
SELECT action_id, revision, instrument, ex_date, withdrawn, action, recorded_at
FROM data.corporate_actions ORDER BY place;
"""


def upgrade() -> None:
    """Create the tables; what is listed and announced already is taken in."""
    op.execute(_SOURCES)
    op.execute(_TERMS)
    op.execute(_INDEXES)
    op.execute(_ONLY_SUPERSEDED)
    for table in ("instrument_terms", "index_members"):
        op.execute(_GUARDED.format(table=table))
    op.execute(_LISTED)
    op.execute(_PUBLISHED)
