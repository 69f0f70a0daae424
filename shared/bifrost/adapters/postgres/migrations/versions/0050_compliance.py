"""Compliance: the dated rule book, the restricted list, and a log that nobody can rewrite."""

from alembic import op

revision = "0050"
down_revision = "0040"

_TABLES = """
CREATE TABLE compliance.accounts (
    account_id text PRIMARY KEY,
    owner text NOT NULL
);

-- One row at most: when the newest bar that was heard of closed.
CREATE TABLE compliance.market_time (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    occurred_at timestamptz NOT NULL
);

CREATE TABLE compliance.rules (
    rule_id text NOT NULL,
    version integer NOT NULL,
    profile text NOT NULL,
    effective_from date NOT NULL,
    effective_until date CHECK (effective_until > effective_from),
    source text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_id, version, profile)
);

CREATE TABLE compliance.restricted_list (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL,
    -- Empty: every account's.
    account_id text,
    effective_from date NOT NULL,
    -- As early as its start for a row that another one replaced before it ever held.
    effective_until date CHECK (effective_until >= effective_from),
    reason text NOT NULL,
    added_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    ended_by text,
    ended_at timestamptz
);
CREATE INDEX restricted_list_instrument ON compliance.restricted_list (instrument);

CREATE TABLE compliance.decisions (
    decision_id text PRIMARY KEY,
    order_id text NOT NULL UNIQUE,
    account_id text NOT NULL,
    accepted boolean NOT NULL,
    reasons jsonb NOT NULL,
    rules jsonb NOT NULL,
    inputs jsonb NOT NULL,
    input_hash text NOT NULL,
    code_version text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- The role may only add, and the trigger refuses those whom no grant binds: the table's owner.
REVOKE UPDATE, DELETE ON compliance.decisions, compliance.rules FROM bifrost_compliance;
REVOKE DELETE ON compliance.restricted_list FROM bifrost_compliance;

CREATE FUNCTION compliance.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_TABLE_NAME || ' is append-only: no decision or rule is changed or deleted';
END $$;
CREATE TRIGGER decisions_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance.decisions
    FOR EACH STATEMENT EXECUTE FUNCTION compliance.refuse_change();
CREATE TRIGGER rules_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance.rules
    FOR EACH STATEMENT EXECUTE FUNCTION compliance.refuse_change();

INSERT INTO compliance.rules (rule_id, version, profile, effective_from, source)
VALUES ('restricted_list', 1, 'default', '1900-01-01',
    'the desk''s own standard, in the shape of SEA Rule 15c3-5(c)(2)(ii)');
"""


def upgrade() -> None:
    """Create compliance's tables and the first page of its rule book."""
    op.execute(_TABLES)
