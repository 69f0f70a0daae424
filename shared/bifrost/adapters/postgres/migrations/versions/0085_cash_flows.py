"""Cash flows, corrections and the choice of lots: what the ledger may hold besides fills.

A correction is a transaction that reverses another: the database holds that its entries are the
other's with their signs turned, that there is one at the most, and that a reversal is itself
never reversed. What a return of capital took from each lot is kept, so that it can be given back.
How lots are chosen is a list of wishes, the newest in force: it is only added to.
"""

from alembic import op

revision = "0085"
down_revision = "0080"

_TRANSACTIONS = """
ALTER TABLE portfolio.ledger_transactions
    ADD reverses text UNIQUE REFERENCES portfolio.ledger_transactions,
    -- Of a fill: whose execution it was.
    ADD order_id text,
    -- Of one that a correction wrote anew, the reference of the one that it stands for.
    ADD stands_for text NOT NULL DEFAULT '',
    ADD CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    ADD CHECK (reverses IS NULL OR description <> '');
CREATE INDEX ledger_transactions_of_order ON portfolio.ledger_transactions (account_id, order_id)
    WHERE order_id IS NOT NULL;
CREATE INDEX ledger_transactions_anew ON portfolio.ledger_transactions (account_id, stands_for)
    WHERE stands_for <> '';

CREATE FUNCTION portfolio.refuse_other_reversal() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM 1 FROM portfolio.ledger_transactions t
        WHERE t.transaction_id = NEW.reverses
            AND (t.account_id <> NEW.account_id OR t.kind = 'reversal');
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_reversal',
            MESSAGE = NEW.transaction_id || ' reverses what it may not';
    END IF;
    PERFORM 1 FROM portfolio.ledger_entries e
        WHERE e.transaction_id IN (NEW.transaction_id, NEW.reverses)
        GROUP BY e.ledger_account, e.currency, e.instrument
        HAVING sum(e.amount) <> 0 OR sum(e.quantity) <> 0;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_reversal',
            MESSAGE = NEW.transaction_id || ' is not the reverse of ' || NEW.reverses;
    END IF;
    RETURN NULL;
END $body$;
CREATE CONSTRAINT TRIGGER ledger_reversals_reverse
    AFTER INSERT ON portfolio.ledger_transactions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.reverses IS NOT NULL)
    EXECUTE FUNCTION portfolio.refuse_other_reversal();
"""

_LOTS = """
CREATE TABLE portfolio.lot_adjustments (
    transaction_id text NOT NULL REFERENCES portfolio.ledger_transactions,
    lot_id text NOT NULL REFERENCES portfolio.lots,
    -- What was open of the lot then: only where all of it still is can it be undone.
    quantity numeric NOT NULL,
    cost_change numeric NOT NULL,
    PRIMARY KEY (transaction_id, lot_id)
);

CREATE TABLE portfolio.lot_selections (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    -- Empty: the account's standing method.
    order_id text NOT NULL DEFAULT '',
    -- Empty: of all instruments that have no method of their own.
    instrument text NOT NULL DEFAULT '',
    method text NOT NULL CHECK (method IN
        ('fifo', 'lifo', 'hifo', 'lowest_tax', 'specific', 'average_cost', 'account')),
    -- What allows the average basis (Treas. Reg. 1.1012-1(e)(1)).
    security text NOT NULL DEFAULT '' CHECK (security IN ('', 'fund', 'reinvestment_plan')),
    parts jsonb NOT NULL DEFAULT '[]',
    -- The last fill that was booked before.
    after_fill bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- Only what later transactions of the order closed counts against the parts; above 0 where a
    -- corporate action or a correction wrote this row: then nothing may be left of them.
    after_transaction bigint NOT NULL DEFAULT 0,
    CHECK (method = 'specific' OR jsonb_array_length(parts) = 0),
    CHECK (method <> 'specific' OR after_transaction > 0 OR jsonb_array_length(parts) > 0),
    CHECK (method <> 'specific' OR order_id <> ''),
    CHECK (instrument = '' OR order_id = ''),
    CHECK (method NOT IN ('average_cost', 'account') OR instrument <> ''),
    CHECK ((method = 'average_cost') = (security <> ''))
);
CREATE INDEX lot_selections_newest
    ON portfolio.lot_selections (account_id, order_id, instrument, position);
"""

# Trade dates from `effective_from` on settle after `days` settlement days.
_SETTLEMENT = """
CREATE TABLE portfolio.settlement_cycles (
    effective_from date PRIMARY KEY,
    days integer NOT NULL CHECK (days >= 0),
    source text NOT NULL
);
INSERT INTO portfolio.settlement_cycles VALUES
    ('1995-06-07', 3, 'SEA Rule 15c6-1, SEC 34-33023 and 34-34952'),
    ('2017-09-05', 2, 'SEA Rule 15c6-1(a), SEC 34-80295'),
    ('2024-05-28', 1, 'SEA Rule 15c6-1(a), SEC 34-96930');
REVOKE INSERT, UPDATE, DELETE ON portfolio.settlement_cycles FROM bifrost_portfolio;
"""

_APPEND_ONLY = """
CREATE TRIGGER {t}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.{t}
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE UPDATE, DELETE ON portfolio.{t} FROM bifrost_portfolio;
"""

# As 0080 has it: the reader sees its owner's rows, and what everybody may know.
_VISIBLE = """
ALTER TABLE portfolio.{t} ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON portfolio.{t} TO bifrost_portfolio_reader;
CREATE POLICY of_owner ON portfolio.{t} FOR SELECT TO bifrost_portfolio_reader USING ({visible});
CREATE POLICY of_system ON portfolio.{t} TO bifrost_portfolio USING (true) WITH CHECK (true);
"""
_OF_OWNER = {
    "lot_selections": "account_id IN (SELECT account_id FROM portfolio.accounts)",
    "lot_adjustments": "lot_id IN (SELECT lot_id FROM portfolio.lots)",
    "settlement_cycles": "true",
}


def upgrade() -> None:
    """Widen the ledger and add what stands beside it."""
    for sql in (_TRANSACTIONS, _LOTS, _SETTLEMENT):
        op.execute(sql)
    for table in ("lot_adjustments", "lot_selections"):
        op.execute(_APPEND_ONLY.format(t=table))
    for table, visible in _OF_OWNER.items():
        op.execute(_VISIBLE.format(t=table, visible=visible))
