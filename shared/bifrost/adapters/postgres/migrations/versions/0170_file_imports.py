"""Files that a person imports: what each was declared to be, before it came."""

from alembic import op

revision = "0170"
down_revision = "0165"

_TABLES = """
-- begun_with: the first of the imports that together are one, of more files than one may have.
CREATE TABLE data.file_imports (
    import_id text PRIMARY KEY,
    begun_with text NOT NULL REFERENCES data.file_imports,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    requested_by text NOT NULL,
    correlation_id text NOT NULL,
    requested_at timestamptz NOT NULL
);

-- What became of a file stands in data.imports, under its key. stage: within one import nothing of
-- a later stage is read while an earlier one is not settled: whose a symbol was comes before bars.
CREATE TABLE data.import_files (
    object_key text PRIMARY KEY,
    import_id text NOT NULL REFERENCES data.file_imports,
    place integer NOT NULL,
    stage smallint NOT NULL,
    name text NOT NULL,
    size bigint NOT NULL,
    format text NOT NULL CHECK (format IN ('csv', 'lean', 'parquet')),
    timeframe text,
    instrument text,
    mic text,
    currency text,
    stamp text CHECK (stamp IN ('begin', 'end')),
    instruments text[] NOT NULL DEFAULT '{}',
    rows_quarantined bigint NOT NULL DEFAULT 0,
    note text NOT NULL DEFAULT '',
    -- Which bars it told (`AAPL 1m`), and when the first and the last of them begin: two files of
    -- one import must not tell one bar twice, each time otherwise.
    told_series text[] NOT NULL DEFAULT '{}',
    told_first bigint,
    told_last bigint,
    UNIQUE (import_id, place)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_TABLES)
