"""What an owner has: account kinds, portfolios with strategies, watchlists; each sees only its own.

Row-level security is the second net under every `WHERE owner = …`: what is read for a person is
read as `bifrost_portfolio_reader`, which may only select, and sees only the rows of the owner in
the transaction's setting `bifrost.owner`; where none is set it sees none. Portfolio's own role is
the system: it hears events of everybody. A table made later is closed to the reader until its
migration grants it and gives it a policy.
"""

from alembic import op

revision = "0080"
down_revision = "0060"

READER = "bifrost_portfolio_reader"

_ACCOUNTS = """
ALTER TABLE portfolio.accounts
    DROP CONSTRAINT accounts_kind_check,
    ADD CHECK (kind IN ('cash', 'margin', 'ira', 'roth_ira')),
    ADD CHECK (owner <> ''),
    ADD version integer NOT NULL DEFAULT 1,
    ADD archived_at timestamptz,
    ADD UNIQUE (account_id, owner);
-- What an account is never changes, and it never goes away.
REVOKE UPDATE, DELETE ON portfolio.accounts FROM bifrost_portfolio;
GRANT UPDATE (name, version, archived_at) ON portfolio.accounts TO bifrost_portfolio;
"""

# A portfolio with an account is that account's books; one without gathers others (its children);
# a strategy divides an account's books. The keys hold what a parent and an account may be.
_PORTFOLIOS = """
ALTER TABLE portfolio.portfolios
    ADD position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD owner text,
    ADD kind text NOT NULL DEFAULT 'portfolio' CHECK (kind IN ('portfolio', 'strategy')),
    ADD currency text,
    ADD parent_id text,
    ADD version integer NOT NULL DEFAULT 1,
    ADD recorded_at timestamptz,
    ADD archived_at timestamptz,
    ALTER account_id DROP NOT NULL;
UPDATE portfolio.portfolios p
    SET owner = a.owner, currency = a.currency, recorded_at = a.recorded_at
    FROM portfolio.accounts a WHERE a.account_id = p.account_id;
ALTER TABLE portfolio.portfolios
    ALTER owner SET NOT NULL,
    ALTER currency SET NOT NULL,
    ALTER recorded_at SET NOT NULL,
    ADD UNIQUE (portfolio_id, owner),
    ADD FOREIGN KEY (account_id, owner) REFERENCES portfolio.accounts (account_id, owner),
    ADD FOREIGN KEY (parent_id, owner) REFERENCES portfolio.portfolios (portfolio_id, owner),
    ADD CHECK (parent_id <> portfolio_id),
    ADD CHECK (kind <> 'strategy' OR (account_id IS NOT NULL AND parent_id IS NOT NULL));
CREATE UNIQUE INDEX portfolios_one_per_account ON portfolio.portfolios (account_id)
    WHERE kind = 'portfolio';
CREATE INDEX portfolios_of_owner ON portfolio.portfolios (owner, position);
CREATE INDEX portfolios_below ON portfolio.portfolios (parent_id);
REVOKE UPDATE, DELETE ON portfolio.portfolios FROM bifrost_portfolio;
GRANT UPDATE (name, parent_id, version, archived_at) ON portfolio.portfolios TO bifrost_portfolio;
"""

_WATCHLISTS = """
CREATE TABLE portfolio.instruments (
    symbol text PRIMARY KEY,
    name text NOT NULL,
    currency text NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE TABLE portfolio.watchlists (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    watchlist_id text PRIMARY KEY,
    owner text NOT NULL CHECK (owner <> ''),
    name text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX watchlists_of_owner ON portfolio.watchlists (owner, position);

CREATE TABLE portfolio.watchlist_items (
    watchlist_id text NOT NULL REFERENCES portfolio.watchlists ON DELETE CASCADE,
    instrument text NOT NULL REFERENCES portfolio.instruments,
    place integer NOT NULL,
    PRIMARY KEY (watchlist_id, instrument)
);
"""

# Roles belong to the server, which may hold several of our databases.
_READER = f"""
DO $body$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{READER}') THEN
        CREATE ROLE {READER} NOLOGIN;
    END IF;
END $body$;
GRANT {READER} TO bifrost_portfolio;
GRANT USAGE ON SCHEMA portfolio TO {READER};
-- What the market knows is nobody's own.
GRANT SELECT ON portfolio.marks, portfolio.instruments TO {READER};
"""

_OWN = "owner = current_setting('bifrost.owner', true)"
_OF_OWN_ACCOUNT = "account_id IN (SELECT account_id FROM portfolio.accounts)"
# A subquery of a policy is under the policies of what it asks.
_VISIBLE = {
    "accounts": _OWN,
    "portfolios": _OWN,
    "watchlists": _OWN,
    "watchlist_items": "watchlist_id IN (SELECT watchlist_id FROM portfolio.watchlists)",
    "balances": _OF_OWN_ACCOUNT,
    "ledger_transactions": _OF_OWN_ACCOUNT,
    "ledger_entries": "EXISTS (SELECT 1 FROM portfolio.ledger_transactions t"
    " WHERE t.transaction_id = ledger_entries.transaction_id)",
    "lots": _OF_OWN_ACCOUNT,
    "lot_closures": "EXISTS (SELECT 1 FROM portfolio.lots l WHERE l.lot_id = lot_closures.lot_id)",
    "withdrawals": _OF_OWN_ACCOUNT,
    "breaks": _OF_OWN_ACCOUNT,
}


def upgrade() -> None:
    """Widen accounts and portfolios, add watchlists, and show each owner only what is its own."""
    for sql in (_ACCOUNTS, _PORTFOLIOS, _WATCHLISTS, _READER):
        op.execute(sql)
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
