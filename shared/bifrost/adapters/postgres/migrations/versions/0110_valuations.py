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

# What counts now is one row, found by its key: to look for it among an instrument's years of
# prices, once for each position, was two thirds of what the P&L of 500 positions cost.
_NEWEST = f"""
CREATE TABLE portfolio.newest_marks (
    instrument text NOT NULL,
    currency text NOT NULL,
    occurred_at timestamptz NOT NULL,
    price portfolio.finite NOT NULL,
    PRIMARY KEY (instrument, currency)
);
GRANT SELECT ON portfolio.newest_marks TO {READER};

-- An older price never comes over a newer; one of the same instant is a correction.
CREATE FUNCTION portfolio.keep_newest_mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.currency <> NEW.currency THEN
        -- Held first and then looked up, so that nothing that others write meanwhile is missed.
        PERFORM FROM portfolio.newest_marks
            WHERE instrument = NEW.instrument AND currency IN (OLD.currency, NEW.currency)
            ORDER BY currency FOR UPDATE;
        UPDATE portfolio.newest_marks kept SET occurred_at = m.occurred_at, price = m.price
            FROM (
                SELECT occurred_at, price FROM portfolio.marks
                WHERE instrument = OLD.instrument AND currency = OLD.currency
                ORDER BY occurred_at DESC LIMIT 1
            ) m
            WHERE kept.instrument = OLD.instrument AND kept.currency = OLD.currency;
        IF NOT FOUND THEN
            DELETE FROM portfolio.newest_marks
                WHERE instrument = OLD.instrument AND currency = OLD.currency;
        END IF;
    END IF;
    INSERT INTO portfolio.newest_marks AS kept
        VALUES (NEW.instrument, NEW.currency, NEW.occurred_at, NEW.price)
        ON CONFLICT (instrument, currency) DO UPDATE
        SET occurred_at = EXCLUDED.occurred_at, price = EXCLUDED.price
        WHERE kept.occurred_at <= EXCLUDED.occurred_at;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION portfolio.keep_newest_mark() FROM PUBLIC;
CREATE TRIGGER marks_newest_kept AFTER INSERT OR UPDATE ON portfolio.marks
    FOR EACH ROW EXECUTE FUNCTION portfolio.keep_newest_mark();
REVOKE INSERT, UPDATE, DELETE ON portfolio.newest_marks FROM bifrost_portfolio;
-- Nothing forgets a price; and a mark stays where it is, at its instant.
REVOKE UPDATE, DELETE ON portfolio.marks FROM bifrost_portfolio;
GRANT UPDATE (session, price, currency, recorded_at, heard_in) ON portfolio.marks
    TO bifrost_portfolio;
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
    for sql in (_MARKS, _NEWEST, _VALUATIONS):
        op.execute(sql)
    for table in ("valuations", "valuation_progress"):
        op.execute(_OF_OWNER.format(t=table))
