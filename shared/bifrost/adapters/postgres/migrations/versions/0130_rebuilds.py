"""Rebuilds as tasks: what was asked for, how far it is, and what it found.

One of an account runs at a time. A rebuild that is over is never changed, but the differences of
an old one may go: how many there were stays.
"""

from alembic import op

revision = "0130"
down_revision = "0125"

READER = "bifrost_portfolio_reader"

_TABLE = """
CREATE TABLE portfolio.rebuilds (
    rebuild_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    -- How often its work was begun: only the newest may go on.
    attempt integer NOT NULL DEFAULT 0,
    played bigint NOT NULL DEFAULT 0,
    total bigint,
    correlation_id text NOT NULL,
    requested_at timestamptz NOT NULL,
    begun_at timestamptz,
    progressed_at timestamptz NOT NULL,
    ended_at timestamptz,
    cause text NOT NULL DEFAULT '',
    -- What was found, with the first of its differences, and how many there are.
    made jsonb,
    differences bigint NOT NULL DEFAULT 0,
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK ((state = 'done') = (made IS NOT NULL)),
    CHECK ((state = 'failed') = (cause <> ''))
);
CREATE UNIQUE INDEX rebuilds_running ON portfolio.rebuilds (account_id) WHERE state = 'running';
CREATE INDEX rebuilds_newest ON portfolio.rebuilds (account_id, requested_at);
REVOKE DELETE ON portfolio.rebuilds FROM bifrost_portfolio;

CREATE FUNCTION portfolio.keep_ended_rebuilds() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    shortened portfolio.rebuilds := OLD;
BEGIN
    shortened.made := jsonb_set(OLD.made, '{differences}', '[]');
    IF NEW IS NOT DISTINCT FROM shortened THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rebuild % is over', OLD.rebuild_id USING ERRCODE = 'restrict_violation';
END $body$;
CREATE TRIGGER rebuilds_end_once BEFORE UPDATE ON portfolio.rebuilds
    FOR EACH ROW WHEN (OLD.state <> 'running') EXECUTE FUNCTION portfolio.keep_ended_rebuilds();

ALTER TABLE portfolio.rebuilds ENABLE ROW LEVEL SECURITY;
"""

_POLICIES = f"""
GRANT SELECT ON portfolio.rebuilds TO {READER};
CREATE POLICY of_owner ON portfolio.rebuilds FOR SELECT TO {READER}
    USING (account_id IN (SELECT account_id FROM portfolio.accounts));
CREATE POLICY of_system ON portfolio.rebuilds TO bifrost_portfolio USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    """Create the table; its rows are an owner's to read."""
    op.execute(_TABLE)
    op.execute(_POLICIES)
