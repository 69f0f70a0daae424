"""Bars, quotes and trades: partitions by month, packed months, the last bar of each.

Rows are the truth and only ever added. A packed month is made of them for reading; whoever adds
rows takes it away in the same transaction, by a trigger, so that no snapshot holds both new rows
and what was packed without them.

Partitions are made by a function of the schema's owner, when a month's first row comes: the
data role may fill tables and make none. Nobody reaches a partition but through its parent, so
that no row passes by the parent's triggers.

Where the server offers timescaledb the same tables are hypertables, whose chunks make themselves.
That way is written after its manual and has been run on no server: from 2.18 on, hypertables take
statement triggers that see the new rows (timescaledb's pull request 6901).
"""

import sqlalchemy as sa
from alembic import op

revision = "0140"
down_revision = "0135"

MONTHLY = ("intraday_rows", "quotes", "trades")

_SOURCES = """
-- What millions of rows carry instead of the name.
ALTER TABLE data.sources ADD COLUMN number smallint GENERATED ALWAYS AS IDENTITY UNIQUE;
"""

_TABLES = """
-- Whose bars and how long: a number, since it stands in every row and in every key.
CREATE TABLE data.series (
    series integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    timeframe smallint NOT NULL CHECK (timeframe BETWEEN 1 AND 1439),
    UNIQUE (instrument, timeframe)
);

-- Prices and volumes in millionths. occurred_at: when the bar begins. revision: how often its
-- source had spoken of it before. The key is of sixteen bytes, the most for which the server fills
-- pages of many growing series whole; the bars of a source's first word lie in it in their order.
CREATE TABLE data.intraday_rows (
    series integer NOT NULL,
    source smallint NOT NULL,
    revision smallint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    open bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL CHECK (low > 0),
    close bigint NOT NULL,
    volume bigint NOT NULL CHECK (volume >= 0),
    repair_id text,
    PRIMARY KEY (series, source, revision, occurred_at),
    CHECK (low <= open AND low <= close AND high >= open AND high >= close)
) {partitioned};

-- sequence: its place among those of one microsecond, so that two are two.
CREATE TABLE data.quotes (
    instrument text NOT NULL,
    source smallint NOT NULL,
    occurred_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    bid bigint NOT NULL,
    bid_size bigint NOT NULL,
    ask bigint NOT NULL,
    ask_size bigint NOT NULL,
    bid_venue text NOT NULL CHECK (octet_length(bid_venue) = 4),
    ask_venue text NOT NULL CHECK (octet_length(ask_venue) = 4),
    conditions bigint NOT NULL,
    PRIMARY KEY (instrument, source, occurred_at, sequence, recorded_at)
) {partitioned};
CREATE TABLE data.trades (
    instrument text NOT NULL,
    source smallint NOT NULL,
    occurred_at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    price bigint NOT NULL,
    size bigint NOT NULL,
    venue text NOT NULL CHECK (octet_length(venue) = 4),
    -- Bit n is the sale condition n of its feed.
    conditions bigint NOT NULL,
    PRIMARY KEY (instrument, source, occurred_at, sequence, recorded_at)
) {partitioned};
"""
NATIVE = "PARTITION BY RANGE (occurred_at)"

_APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON data.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION data.keep_rows();
REVOKE UPDATE, DELETE, TRUNCATE ON data.{table} FROM bifrost_data;
"""

# Made beside its parent and then attached: CREATE TABLE ... PARTITION OF would stop every reader
# of the parent until the transaction's end, ATTACH stops none.
_MONTHS = """
CREATE FUNCTION data.make_months(parent text, months date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    month date;
    name text;
    lower_end text;
    upper_end text;
BEGIN
    IF parent NOT IN ('intraday_rows', 'quotes', 'trades') THEN
        RAISE EXCEPTION 'data.% has no months', parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR month IN SELECT DISTINCT m FROM unnest(months) m ORDER BY m LOOP
        IF month NOT BETWEEN '1970-01-01' AND '2099-12-01' OR extract(day FROM month) <> 1 THEN
            RAISE EXCEPTION '% is no month that bars may be of', month
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        name := parent || to_char(month, '_YYYY_MM');
        CONTINUE WHEN to_regclass('data.' || name) IS NOT NULL;
        -- Two that make one month: the second waits, and finds it.
        PERFORM pg_advisory_xact_lock(hashtextextended('data.make_months/' || parent, 0));
        -- Asked of the table: to_regclass may answer from before the wait.
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = name
            AND relnamespace = 'data'::regnamespace);
        lower_end := quote_literal(to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00');
        upper_end := quote_literal(
            to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
        EXECUTE format('CREATE TABLE data.%I (LIKE data.%I INCLUDING ALL)', name, parent);
        EXECUTE format('REVOKE ALL ON data.%I FROM bifrost_data', name);
        EXECUTE format('ALTER TABLE data.%I ATTACH PARTITION data.%I FOR VALUES FROM (%s) TO (%s)',
            parent, name, lower_end, upper_end);
    END LOOP;
END $body$;
REVOKE ALL ON FUNCTION data.make_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data.make_months TO bifrost_data;
"""

_READING = """
CREATE VIEW data.intraday_bars AS
SELECT s.instrument, s.timeframe, r.source, r.revision, r.occurred_at, r.recorded_at,
    r.open, r.high, r.low, r.close, r.volume, r.repair_id
FROM data.series s JOIN data.intraday_rows r USING (series);

-- Every month of which a series has rows. packed: those that stand, as `data/series/packing.py`
-- writes them; null until it is packed, and again as soon as a row comes.
CREATE TABLE data.bar_months (
    series integer NOT NULL REFERENCES data.series,
    month date NOT NULL,
    packed bytea,
    bars integer,
    recorded_through timestamptz,
    PRIMARY KEY (series, month),
    CHECK ((packed IS NULL) = (recorded_through IS NULL)),
    CHECK ((packed IS NULL) = (bars IS NULL))
);
-- Packed already: the server would try in vain to make it smaller.
ALTER TABLE data.bar_months ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX bar_months_to_pack ON data.bar_months (month) WHERE packed IS NULL;

-- ON CONFLICT waits for whoever packs or fills the same month, and sees what they have kept.
CREATE FUNCTION data.unpack_months() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO data.bar_months AS known (series, month)
    SELECT series, date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month
    FROM added GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (series, month)
        DO UPDATE SET packed = NULL, bars = NULL, recorded_through = NULL
        WHERE known.packed IS NOT NULL;
    RETURN NULL;
END $body$;

CREATE TABLE data.last_bars (
    instrument text NOT NULL,
    timeframe smallint NOT NULL,
    occurred_at timestamptz NOT NULL,
    source smallint NOT NULL,
    rank smallint NOT NULL,
    recorded_at timestamptz NOT NULL,
    open bigint NOT NULL,
    high bigint NOT NULL,
    low bigint NOT NULL,
    close bigint NOT NULL,
    volume bigint NOT NULL,
    PRIMARY KEY (instrument, timeframe)
);

-- What is packed was chosen by rank, so a rank that changes takes it all away.
CREATE FUNCTION data.unpack_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE data.bar_months SET packed = NULL, bars = NULL, recorded_through = NULL
    WHERE packed IS NOT NULL;
    RETURN NULL;
END $body$;
CREATE TRIGGER sources_rank AFTER UPDATE OF rank ON data.sources
    FOR EACH STATEMENT EXECUTE FUNCTION data.unpack_all();

-- A daily bar is found by its beginning.
CREATE UNIQUE INDEX sessions_by_open ON data.sessions (calendar, opens_at);

-- Of several sources for one session the best rank stands, and of it what was recorded last.
CREATE VIEW data.standing_bars AS
SELECT DISTINCT ON (b.instrument, b.session) b.*
FROM data.bars b JOIN data.sources s ON s.name = b.source
ORDER BY b.instrument, b.session, s.rank, b.recorded_at DESC;
"""

_MONTHS_KEPT = """
CREATE TRIGGER intraday_rows_months AFTER INSERT ON data.intraday_rows
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION data.unpack_months();
"""


# Offered is what CREATE EXTENSION would succeed with: there, loaded, and new enough.
OFFERED = r"""
SELECT EXISTS (
    SELECT FROM pg_available_extensions WHERE name = 'timescaledb'
        AND (substring(default_version FROM '^\d+')::integer,
            substring(default_version FROM '^\d+\.(\d+)')::integer) >= (2, 18)
) AND strpos(current_setting('shared_preload_libraries'), 'timescaledb') > 0
"""
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS timescaledb"
_HYPERTABLE = """
SELECT create_hypertable('data.{table}', by_range('occurred_at', INTERVAL '1 month'),
    create_default_indexes => false)
"""
_NO_MONTHS = """
CREATE FUNCTION data.make_months(parent text, months date[]) RETURNS void LANGUAGE sql AS '';
"""


def statements(*, hypertables: bool) -> list[str]:
    """Return what makes the tables, in order: hypertables, or partitions by month."""
    partitioned = "" if hypertables else NATIVE
    made = [_SOURCES, _TABLES.format(partitioned=partitioned)]
    if hypertables:
        made = [_EXTENSION, *made, *(_HYPERTABLE.format(table=table) for table in MONTHLY)]
    made += [_APPEND_ONLY.format(table=table) for table in MONTHLY]
    # A hypertable cannot be made of a table that has such a trigger already.
    return [*made, _NO_MONTHS if hypertables else _MONTHS, _READING, _MONTHS_KEPT]


def upgrade() -> None:
    """Create the tables, as this server keeps months."""
    offered = op.get_bind().execute(sa.text(OFFERED)).scalar_one()
    for statement in statements(hypertables=offered):
        op.execute(statement)
