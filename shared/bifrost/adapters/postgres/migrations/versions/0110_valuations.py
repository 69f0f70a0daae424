"""What each account was worth at the close of each session, and how far that has been recorded.

A valuation is never changed: what comes late writes the next revision, and the highest stands.
How far an account's are to be believed is one row beside them: the last session, the last of its
transactions and the first of the market's prices that had not been seen.
"""

from alembic import op

revision = "0110"
down_revision = "0105"

READER = "bifrost_portfolio_reader"

# The transaction that heard of a price: what was not there for a reader has at least the number
# of the oldest that was then under way, whatever order they are committed in.
_MARKS = """
ALTER TABLE portfolio.marks
    ADD heard_in bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX marks_heard ON portfolio.marks (heard_in);
CREATE INDEX marks_of_session ON portfolio.marks (session, occurred_at);
CREATE INDEX ledger_transactions_of_time ON portfolio.ledger_transactions (account_id, occurred_at);
"""

_VALUATIONS = """
CREATE TABLE portfolio.valuations (
    account_id text NOT NULL REFERENCES portfolio.accounts,
    session date NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    occurred_at timestamptz NOT NULL,
    cash portfolio.finite NOT NULL,
    due portfolio.finite NOT NULL,
    -- Null where a price or a rate was missing: unknown is not zero.
    market_value portfolio.finite,
    unrealised_pnl portfolio.finite,
    equity portfolio.finite,
    net_deposits portfolio.finite NOT NULL,
    realised_pnl portfolio.finite NOT NULL,
    commissions portfolio.finite NOT NULL,
    income portfolio.finite NOT NULL,
    expenses portfolio.finite NOT NULL,
    exchanged portfolio.finite NOT NULL,
    unpriced text[] NOT NULL,
    event_id text NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, session, revision),
    CHECK (equity IS NOT NULL OR cardinality(unpriced) > 0)
);
CREATE TRIGGER valuations_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.valuations
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE UPDATE, DELETE ON portfolio.valuations FROM bifrost_portfolio;

CREATE TABLE portfolio.valuation_progress (
    account_id text PRIMARY KEY REFERENCES portfolio.accounts,
    session date NOT NULL,
    occurred_at timestamptz NOT NULL,
    ledger_position bigint NOT NULL,
    heard_in bigint NOT NULL
);
"""

_OF_OWNER = f"""
ALTER TABLE portfolio.{{t}} ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON portfolio.{{t}} TO {READER};
CREATE POLICY of_owner ON portfolio.{{t}} FOR SELECT TO {READER}
    USING (account_id IN (SELECT account_id FROM portfolio.accounts));
CREATE POLICY of_system ON portfolio.{{t}} TO bifrost_portfolio USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    """Make room for valuations, each owner's own."""
    for sql in (_MARKS, _VALUATIONS):
        op.execute(sql)
    for table in ("valuations", "valuation_progress"):
        op.execute(_OF_OWNER.format(t=table))
