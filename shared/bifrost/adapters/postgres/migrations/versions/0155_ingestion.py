"""Ingestion: jobs and items, circuits of vendors, leases of ingesters."""

from alembic import op

revision = "0155"
down_revision = "0150"

_LEASES = """
-- Who does what only one may do. The token counts changes of hands, and a writer proves its own.
CREATE TABLE data.leases (
    name text PRIMARY KEY,
    holder text NOT NULL CHECK (holder <> ''),
    token bigint NOT NULL,
    ends_at timestamptz NOT NULL
);
"""

_JOBS = """
-- What is fetched by itself; `live` ones are published as the desk's feed at each session's close.
CREATE TABLE data.subscriptions (
    instrument text NOT NULL REFERENCES data.instruments,
    timeframe text NOT NULL CHECK (timeframe IN ('1m', '1d')),
    provider text NOT NULL,
    symbol text NOT NULL,
    since date NOT NULL,
    live boolean NOT NULL,
    -- Sessions before it have no gap.
    complete_to date,
    requested_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, timeframe, provider)
);

-- No state here: a job's is computed from its items'.
CREATE TABLE data.ingestion_jobs (
    job_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('session_close', 'intraday', 'backfill', 'gaps')),
    provider text NOT NULL,
    series text NOT NULL CHECK (series IN ('bars', 'trades', 'quotes')),
    timeframe text,
    first_at timestamptz NOT NULL,
    before_at timestamptz NOT NULL CHECK (before_at > first_at),
    -- Of a session's close: which session, and of which calendar.
    calendar text,
    session date,
    requested_by text NOT NULL,
    correlation_id text NOT NULL,
    requested_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    CHECK ((series = 'bars') = (timeframe IS NOT NULL))
);
CREATE INDEX ingestion_jobs_newest ON data.ingestion_jobs (requested_at DESC, job_id);
CREATE INDEX ingestion_jobs_of_session ON data.ingestion_jobs (session) WHERE session IS NOT NULL;

CREATE TABLE data.ingestion_items (
    item bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id text NOT NULL REFERENCES data.ingestion_jobs ON DELETE CASCADE,
    instrument text NOT NULL,
    symbol text NOT NULL,
    first_at timestamptz NOT NULL,
    before_at timestamptz NOT NULL CHECK (before_at > first_at),
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'cancelled', 'done', 'partial',
        'absent', 'rate_limited', 'failed')),
    resume_at timestamptz NOT NULL CHECK (resume_at BETWEEN first_at AND before_at),
    due_at timestamptz,
    -- Counts takers: only the newest may write, or one taken for dead would write over the next.
    lease bigint NOT NULL DEFAULT 0,
    leased_until timestamptz,
    sent_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    slices integer NOT NULL DEFAULT 0,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_written bigint NOT NULL DEFAULT 0,
    rows_kept_apart bigint NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    UNIQUE (job_id, instrument, first_at),
    CHECK ((state = 'running') = (leased_until IS NOT NULL)),
    CHECK (state <> 'running' OR due_at IS NULL),
    CHECK (state NOT IN ('done', 'absent') OR (due_at IS NULL AND resume_at = before_at)),
    CHECK (state NOT IN ('waiting', 'partial', 'rate_limited') OR due_at IS NOT NULL)
);
CREATE INDEX ingestion_items_due ON data.ingestion_items (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ingestion_items_running ON data.ingestion_items (leased_until)
    WHERE leased_until IS NOT NULL;

-- Ranges of which a vendor said, late enough to be believed, that it has no more than it gave.
CREATE TABLE data.absences (
    instrument text NOT NULL,
    -- Or 'trades', 'quotes'.
    timeframe text NOT NULL,
    provider text NOT NULL,
    first_at timestamptz NOT NULL,
    before_at timestamptz NOT NULL CHECK (before_at > first_at),
    reason text NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, timeframe, provider, first_at, before_at)
);

-- Bars that the calendar expects and nobody accounts for; closed once they are there or absent.
CREATE TABLE data.gaps (
    instrument text NOT NULL,
    timeframe text NOT NULL,
    provider text NOT NULL,
    first_at timestamptz NOT NULL,
    before_at timestamptz NOT NULL CHECK (before_at > first_at),
    missing integer NOT NULL CHECK (missing > 0),
    found_at timestamptz NOT NULL,
    closed_at timestamptz,
    job_id text REFERENCES data.ingestion_jobs ON DELETE SET NULL,
    PRIMARY KEY (instrument, timeframe, provider, first_at)
);
CREATE INDEX gaps_open ON data.gaps (instrument, timeframe) WHERE closed_at IS NULL;

-- Sessions whose minutes changed: what is rolled up from them is due again.
CREATE TABLE data.touched_sessions (
    instrument text NOT NULL,
    session date NOT NULL,
    touched_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, session)
);

-- Sessions that went out as the feed by themselves, or did not, and why.
CREATE TABLE data.feed_sessions (
    calendar text NOT NULL,
    session date NOT NULL,
    bars integer NOT NULL,
    left_out text[] NOT NULL,
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (calendar, session)
);
"""

_VENDORS = """
-- How each vendor stands with all who ask it: one row, changed under its lock.
CREATE TABLE data.vendor_states (
    vendor text PRIMARY KEY,
    circuit text NOT NULL CHECK (circuit IN ('closed', 'open', 'half_open')),
    -- Grows with each change of the circuit: what an older permit brings says nothing.
    generation bigint NOT NULL,
    failures integer NOT NULL,
    recent text NOT NULL CHECK (recent ~ '^[.x]*$'),
    since timestamptz,
    -- In millionths of a call; below zero where calls wait already.
    tokens bigint NOT NULL,
    filled_at timestamptz NOT NULL,
    paused_until timestamptz,
    answer text CHECK (answer IN ('found', 'partial', 'absent', 'rate_limited', 'failed')),
    reason text NOT NULL DEFAULT '',
    answered_at timestamptz,
    CHECK ((circuit = 'closed') = (since IS NULL)),
    CHECK ((answer IS NULL) = (answered_at IS NULL))
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_LEASES)
    op.execute(_JOBS)
    op.execute(_VENDORS)
