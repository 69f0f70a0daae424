"""Trading statuses: that an instrument was halted, traded again, or that nobody knows; and halts.

What was said is a row for good. A halt is made of rows whenever it is asked for, so that a word
which comes late or twice, or a person who knows better, needs no row to change.
"""

from alembic import op

revision = "0175"
down_revision = "0170"

_STATUSES = """
-- unknown: whoever told of the halt was not heard from then on, or it traded again without a word.
CREATE TABLE data.trading_statuses (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL REFERENCES data.instruments,
    occurred_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('halted', 'resumed', 'unknown')),
    source text NOT NULL CHECK (source <> ''),
    -- The exchange's own, such as LUDP or T12.
    code text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    told_by text,
    recorded_at timestamptz NOT NULL,
    -- What is told again is no second halt.
    UNIQUE (instrument, occurred_at, status, source),
    CHECK ((source = 'person') = (told_by IS NOT NULL))
);
REVOKE UPDATE, DELETE, TRUNCATE ON data.trading_statuses FROM bifrost_data;
"""

# Of one instant the word that came last counts. A stream that nobody keeps speaks for no minute
# after the last that it heard.
_HALTS = """
CREATE FUNCTION data.halts_known(known_by timestamptz) RETURNS TABLE (
    number bigint, instrument text, begins_at timestamptz, ends_at timestamptz,
    known_to timestamptz, source text, code text, reason text, told_by text,
    recorded_at timestamptz
) LANGUAGE sql STABLE AS $body$
    WITH told AS (
        SELECT s.*, lag(s.status) OVER said AS before FROM data.trading_statuses s
        WHERE s.recorded_at <= known_by
        WINDOW said AS (PARTITION BY s.instrument ORDER BY s.occurred_at, s.number)
    ), changed AS (
        SELECT t.*, lead(t.occurred_at) OVER said AS next_at, lead(t.status) OVER said AS next
        FROM told t WHERE t.status IS DISTINCT FROM t.before
        WINDOW said AS (PARTITION BY t.instrument ORDER BY t.occurred_at, t.number)
    )
    SELECT c.number, c.instrument, c.occurred_at,
        CASE WHEN c.next = 'resumed' THEN c.next_at END,
        CASE WHEN c.next IS NOT NULL THEN c.next_at
            WHEN c.source = 'stream' AND NOT EXISTS (SELECT FROM data.leases l
                WHERE l.name = 'streams' AND l.ends_at > clock_timestamp())
            THEN greatest(c.occurred_at, (SELECT m.settled_to FROM data.market_streams m
                WHERE m.instrument = c.instrument AND m.source = c.source)) END,
        c.source, c.code, c.reason, c.told_by, c.recorded_at
    FROM changed c
    WHERE c.status = 'halted' AND (c.next IS DISTINCT FROM 'resumed' OR c.next_at > c.occurred_at)
$body$;

-- ends_at: null while nobody said that it ended; known_to: null while it lasts for all we know.
CREATE VIEW data.halts AS SELECT * FROM data.halts_known('infinity');
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_STATUSES)
    op.execute(_HALTS)
