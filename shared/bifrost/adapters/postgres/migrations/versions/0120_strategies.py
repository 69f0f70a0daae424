"""Orders name a strategy, execution keeps a copy of those there are, and the ledger says whose.

A transaction's strategy has no foreign key: a fill is booked whatever its order named, for the
venue has traded it.
"""

from alembic import op

revision = "0120"
down_revision = "0115"

_EXECUTION = """
CREATE TABLE execution.strategies (
    strategy_id text PRIMARY KEY,
    account_id text NOT NULL,
    name text NOT NULL,
    is_archived boolean NOT NULL,
    -- Changes may be heard in any order: the highest stands.
    revision integer NOT NULL
);
-- Those that were made before anybody was told of them.
INSERT INTO execution.strategies
SELECT portfolio_id, account_id, name, archived_at IS NOT NULL, version
FROM portfolio.portfolios WHERE kind = 'strategy';

ALTER TABLE execution.orders ADD strategy_id text NOT NULL DEFAULT '';
"""

_PORTFOLIO = """
ALTER TABLE portfolio.ledger_transactions ADD strategy_id text NOT NULL DEFAULT '';
CREATE INDEX ledger_transactions_of_strategy
    ON portfolio.ledger_transactions (account_id, strategy_id) WHERE strategy_id <> '';
"""


def upgrade() -> None:
    """Let orders, fills and the ledger's transactions say which strategy is theirs."""
    op.execute(_EXECUTION)
    op.execute(_PORTFOLIO)
