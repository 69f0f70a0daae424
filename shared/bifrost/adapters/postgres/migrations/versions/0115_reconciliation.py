"""Reconciliation: execution's breaks and comparisons, causes on every break, stored statements.

Breaks say their cause and who has to act. Execution keeps how far each account has been compared,
one row per account from its opening on, and how large a break may be before its account stops.
Portfolio keeps the statements that people bring, what its ledger said as of each of their days,
and what the last comparison of each account left open.
"""

from alembic import op

revision = "0115"
down_revision = "0110"

READER = "bifrost_portfolio_reader"

_EXECUTION = """
CREATE TABLE execution.breaks (
    break_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL REFERENCES execution.accounts,
    kind text NOT NULL CHECK (kind IN ('order', 'fill')),
    subject text NOT NULL,
    ours numeric NOT NULL CHECK (ours <> 'NaN'),
    theirs numeric NOT NULL CHECK (theirs <> 'NaN'),
    cause text NOT NULL,
    owner text NOT NULL,
    detail text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX breaks_open ON execution.breaks (account_id, kind, subject)
    WHERE closed_at IS NULL;

-- agreed_report: up to this report of the venue the fills agree, and are not read again.
-- claimed_fill: the last fill whose comparison was begun; claims counts how often one was.
-- looks: comparisons in a row that did not end, or left something that may pass.
CREATE TABLE execution.comparisons (
    account_id text PRIMARY KEY REFERENCES execution.accounts,
    agreed_report bigint NOT NULL DEFAULT 0,
    claimed_fill bigint NOT NULL DEFAULT 0,
    claims bigint NOT NULL DEFAULT 0,
    claimed_at timestamptz,
    ended_at timestamptz,
    is_clean boolean NOT NULL DEFAULT true,
    looks integer NOT NULL DEFAULT 0
);
INSERT INTO execution.comparisons (account_id) SELECT account_id FROM execution.accounts;
CREATE INDEX comparisons_not_over ON execution.comparisons (claimed_at)
    WHERE NOT is_clean OR ended_at IS NULL;

CREATE FUNCTION execution.begin_comparisons() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO execution.comparisons (account_id) VALUES (NEW.account_id);
    RETURN NULL;
END $body$;
CREATE TRIGGER accounts_are_compared AFTER INSERT ON execution.accounts
    FOR EACH ROW EXECUTE FUNCTION execution.begin_comparisons();

CREATE INDEX fills_of_report ON execution.fills (account_id, venue, report_sequence);

-- The last session whose close began a round of all accounts.
ALTER TABLE execution.reconciliation_round ADD session date;

CREATE TABLE execution.break_limits (
    effective_from timestamptz PRIMARY KEY,
    cash_max numeric(28, 8) NOT NULL CHECK (cash_max >= 0 AND cash_max <> 'NaN'),
    position_notional_max numeric(28, 8) NOT NULL
        CHECK (position_notional_max >= 0 AND position_notional_max <> 'NaN'),
    stands_seconds integer NOT NULL CHECK (stands_seconds >= 0),
    source text NOT NULL
);
REVOKE UPDATE, DELETE ON execution.break_limits FROM bifrost_execution;
INSERT INTO execution.break_limits VALUES ('2000-01-01 00:00Z', 100, 1000, 60,
    'the desk''s default, migration 0115');
"""

# What is open keeps its age; a cause is said anew by each comparison that finds the break.
_CAUSES = """
ALTER TABLE {schema}.breaks
    ADD cause text NOT NULL DEFAULT 'unexplained',
    ADD owner text NOT NULL DEFAULT '{schema}';
ALTER TABLE {schema}.breaks ALTER cause DROP DEFAULT, ALTER owner DROP DEFAULT;
"""

_PORTFOLIO = """
ALTER TABLE portfolio.breaks
    DROP CONSTRAINT breaks_kind_check,
    ADD CHECK (kind IN ('cash', 'position', 'statement', 'pending')),
    ADD venue portfolio.finite;

CREATE TABLE portfolio.statements (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    statement_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    as_of date NOT NULL,
    lines integer NOT NULL CHECK (lines > 0),
    recorded_at timestamptz NOT NULL
);
CREATE INDEX statements_newest ON portfolio.statements (account_id, as_of, position);

CREATE TABLE portfolio.statement_lines (
    statement_id text NOT NULL REFERENCES portfolio.statements,
    kind text NOT NULL CHECK (kind IN ('cash', 'position')),
    subject text NOT NULL,
    amount portfolio.finite NOT NULL,
    PRIMARY KEY (statement_id, kind, subject)
);

REVOKE UPDATE, DELETE ON portfolio.statements, portfolio.statement_lines FROM bifrost_portfolio;
CREATE TRIGGER statements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON portfolio.statements
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
CREATE TRIGGER statement_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON portfolio.statement_lines
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();

-- What the ledger says as of the statement's day, from its transactions up to `position`: each
-- comparison adds those that were written since, so none reads the history again.
CREATE TABLE portfolio.statement_progress (
    statement_id text PRIMARY KEY REFERENCES portfolio.statements,
    position bigint NOT NULL
);
CREATE TABLE portfolio.statement_ledger (
    statement_id text NOT NULL REFERENCES portfolio.statements,
    kind text NOT NULL,
    subject text NOT NULL,
    amount portfolio.finite NOT NULL,
    PRIMARY KEY (statement_id, kind, subject)
);

-- The last comparison of each account, with what every book left open.
CREATE TABLE portfolio.reconciliations (
    account_id text PRIMARY KEY REFERENCES portfolio.accounts,
    compared_at timestamptz NOT NULL,
    breaks jsonb NOT NULL
);
"""

_OF_OWN_ACCOUNT = "account_id IN (SELECT account_id FROM portfolio.accounts)"
_OF_OWN_STATEMENT = "statement_id IN (SELECT statement_id FROM portfolio.statements)"
_VISIBLE = {
    "statements": _OF_OWN_ACCOUNT,
    "statement_lines": _OF_OWN_STATEMENT,
    "statement_progress": _OF_OWN_STATEMENT,
    "statement_ledger": _OF_OWN_STATEMENT,
    "reconciliations": _OF_OWN_ACCOUNT,
}


def upgrade() -> None:
    """Create the tables; what people state is added to, and never changed."""
    op.execute(_EXECUTION)
    for schema in ("portfolio", "risk"):
        op.execute(_CAUSES.format(schema=schema))
    op.execute(_PORTFOLIO)
    for table, visible in _VISIBLE.items():
        op.execute(f"ALTER TABLE portfolio.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT ON portfolio.{table} TO {READER}")
        op.execute(
            f"CREATE POLICY of_owner ON portfolio.{table} FOR SELECT TO {READER} USING ({visible})"
        )
        op.execute(
            f"CREATE POLICY of_system ON portfolio.{table} TO bifrost_portfolio"
            " USING (true) WITH CHECK (true)"
        )
