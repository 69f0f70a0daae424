"""Trading statuses: that an instrument was halted, traded again, or that nobody knows; and halts.

What was said is a row for good. A halt is made of rows whenever it is asked for, so that a word
which comes late or twice, or a person who knows better, needs no row to change; and of rows that
were there by an instant, so that what was known then stays so.
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
    -- A person tells of a halt whole: its end, too, if it has one.
    ends_at timestamptz,
    recorded_at timestamptz NOT NULL,
    CHECK ((source = 'person') = (told_by IS NOT NULL)),
    CHECK (source <> 'person' OR status = 'halted'),
    CHECK (ends_at IS NULL OR (source = 'person' AND ends_at >= occurred_at))
);
-- What a line tells again is no second halt; what a person tells again is a later word.
CREATE UNIQUE INDEX trading_statuses_heard
    ON data.trading_statuses (instrument, occurred_at, status, source) WHERE source <> 'person';
REVOKE UPDATE, DELETE, TRUNCATE ON data.trading_statuses FROM bifrost_data;
"""

# Of one instant the word that came last counts. A stream that nobody keeps speaks for no minute
# after the last that it heard; that is asked of now alone: what was known then was written then.
# A person's halt stands as it was told last, in place of a line's that begins with it. One that
# has no end is believed until the next close, unless a line says more, or three bars came of it.
_HALTS = """
CREATE FUNCTION data.halts_known(known_by timestamptz) RETURNS TABLE (
    number bigint, instrument text, begins_at timestamptz, ends_at timestamptz,
    known_to timestamptz, source text, code text, reason text, told_by text,
    recorded_at timestamptz
) LANGUAGE sql STABLE AS $body$
    WITH heard AS (
        SELECT s.*, lag(s.status) OVER said AS before FROM data.trading_statuses s
        WHERE s.recorded_at <= known_by AND s.source <> 'person'
        WINDOW said AS (PARTITION BY s.instrument, s.source ORDER BY s.occurred_at, s.number)
    ), changed AS (
        SELECT t.*, lead(t.occurred_at) OVER said AS next_at, lead(t.status) OVER said AS next
        FROM heard t WHERE t.status IS DISTINCT FROM t.before
        WINDOW said AS (PARTITION BY t.instrument, t.source ORDER BY t.occurred_at, t.number)
    ), told AS (
        SELECT DISTINCT ON (s.instrument, s.occurred_at) s.* FROM data.trading_statuses s
        WHERE s.recorded_at <= known_by AND s.source = 'person'
        ORDER BY s.instrument, s.occurred_at, s.number DESC
    ), lasting AS (
        SELECT t.number, w.status, w.occurred_at AS next_at, c.closes_at, q.traded_at
        FROM told t
        LEFT JOIN LATERAL (
            SELECT h.status, h.occurred_at FROM heard h
            WHERE h.instrument = t.instrument AND h.status <> 'halted'
                AND h.occurred_at > t.occurred_at
            ORDER BY h.occurred_at, h.number LIMIT 1) w ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(min(s.closes_at), greatest(t.recorded_at, t.occurred_at)) AS closes_at
            FROM data.sessions s JOIN data.instruments i USING (calendar)
            WHERE i.symbol = t.instrument
                AND s.closes_at > greatest(t.recorded_at, t.occurred_at)) c
        CROSS JOIN LATERAL (
            SELECT CASE WHEN count(DISTINCT q.occurred_at) >= 3 THEN min(q.occurred_at) END
                AS traded_at
            FROM data.quarantine q
            WHERE q.instrument = t.instrument AND 'traded_in_halt' = ANY(q.kinds)
                AND q.occurred_at >= t.occurred_at AND q.occurred_at < c.closes_at
                AND q.recorded_at >= t.recorded_at AND q.recorded_at <= known_by) q
        WHERE t.ends_at IS NULL
    )
    SELECT c.number, c.instrument, c.occurred_at,
        CASE WHEN c.next = 'resumed' THEN c.next_at END,
        CASE WHEN c.next IS NOT NULL THEN c.next_at
            WHEN known_by = 'infinity' AND c.source = 'stream' AND NOT EXISTS (
                SELECT FROM data.leases l
                WHERE l.name = 'streams' AND l.ends_at > clock_timestamp())
            THEN greatest(c.occurred_at, (SELECT m.settled_to FROM data.market_streams m
                WHERE m.instrument = c.instrument AND m.source = c.source)) END,
        c.source, c.code, c.reason, c.told_by, c.recorded_at
    FROM changed c
    WHERE c.status = 'halted' AND (c.next IS DISTINCT FROM 'resumed' OR c.next_at > c.occurred_at)
        AND NOT EXISTS (SELECT FROM told t
            WHERE t.instrument = c.instrument AND t.occurred_at = c.occurred_at)
    UNION ALL
    SELECT t.number, t.instrument, t.occurred_at,
        CASE WHEN t.ends_at IS NOT NULL THEN t.ends_at
            WHEN l.status = 'resumed' AND l.next_at <= least(l.closes_at, l.traded_at)
            THEN l.next_at END,
        CASE WHEN t.ends_at IS NOT NULL THEN t.ends_at
            ELSE least(l.next_at, l.traded_at,
                CASE WHEN l.closes_at <= known_by THEN l.closes_at END) END,
        t.source, t.code, t.reason, t.told_by, t.recorded_at
    FROM told t LEFT JOIN lasting l USING (number)
    WHERE t.ends_at IS NULL OR t.ends_at > t.occurred_at
$body$;

-- ends_at: null while nobody said that it ended; known_to: null while it lasts for all we know.
CREATE VIEW data.halts AS SELECT * FROM data.halts_known('infinity');
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_STATUSES)
    op.execute(_HALTS)
