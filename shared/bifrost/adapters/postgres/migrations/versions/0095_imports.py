"""Imports of an account's history, and each row that they booked with its content's hash.

Rows are only added: an import is undone by reversing transactions, and is then marked. What a row
said is kept as it was read, so that an export says it again.
"""

from alembic import op

revision = "0095"
down_revision = "0085"

READER = "bifrost_portfolio_reader"

_IMPORTS = """
CREATE TABLE portfolio.imports (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    import_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    format text NOT NULL,
    added integer NOT NULL CHECK (added >= 0),
    duplicates integer NOT NULL CHECK (duplicates >= 0),
    skipped integer NOT NULL CHECK (skipped >= 0),
    recorded_at timestamptz NOT NULL,
    undone_at timestamptz,
    undo_reason text NOT NULL DEFAULT '',
    CHECK ((undone_at IS NULL) = (undo_reason = ''))
);
CREATE INDEX imports_of_account ON portfolio.imports (account_id, position);

CREATE TABLE portfolio.import_rows (
    import_id text NOT NULL REFERENCES portfolio.imports,
    number integer NOT NULL,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    content_hash text NOT NULL,
    transaction_id text NOT NULL UNIQUE REFERENCES portfolio.ledger_transactions,
    activity jsonb NOT NULL,
    PRIMARY KEY (import_id, number)
);
CREATE INDEX import_rows_of_content ON portfolio.import_rows (account_id, content_hash);

REVOKE UPDATE, DELETE ON portfolio.imports, portfolio.import_rows FROM bifrost_portfolio;
GRANT UPDATE (undone_at, undo_reason) ON portfolio.imports TO bifrost_portfolio;
CREATE TRIGGER imports_stay BEFORE DELETE OR TRUNCATE ON portfolio.imports
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
CREATE TRIGGER import_rows_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.import_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
"""


def upgrade() -> None:
    """Make room for imports, each owner's own."""
    op.execute(_IMPORTS)
    for table in ("imports", "import_rows"):
        op.execute(f"ALTER TABLE portfolio.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT ON portfolio.{table} TO {READER}")
        op.execute(
            f"CREATE POLICY of_owner ON portfolio.{table} FOR SELECT TO {READER}"
            " USING (account_id IN (SELECT account_id FROM portfolio.accounts))"
        )
        op.execute(
            f"CREATE POLICY of_system ON portfolio.{table} TO bifrost_portfolio"
            " USING (true) WITH CHECK (true)"
        )
