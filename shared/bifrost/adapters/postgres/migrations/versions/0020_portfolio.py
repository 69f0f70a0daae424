"""Portfolio's books: accounts, a ledger that only balances, lots, marks, withdrawals, breaks.

The balance is the database's to hold, not the program's: a deferred trigger refuses the commit
of a transaction that does not sum to zero in each currency or has not exactly the entries that
it declares (so none can be added to it later either). The ledger is append-only twice: the role
may not update or delete, and a trigger refuses it to the owner too.

Balances are the sums of entries because only a trigger of the entries writes them: the role may
read them and nothing more. What the open lots of an instrument add up to is kept the same way,
and a commit where it differs from the position's balance is refused. Both are running sums of the
rows that a transaction touches: neither ever sums a table.
"""

from alembic import op

revision = "0020"
down_revision = "0010"

_NUMBERS = """
-- NaN equals itself here and is greater than every number: a sum of it compares as balanced.
CREATE DOMAIN portfolio.finite AS numeric
    CHECK (VALUE > '-Infinity'::numeric AND VALUE < 'Infinity'::numeric);
"""

_ACCOUNTS = """
CREATE TABLE portfolio.accounts (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    account_id text PRIMARY KEY,
    owner text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('cash')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    broker_profile text NOT NULL CHECK (broker_profile IN ('paper')),
    opened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX accounts_of_owner ON portfolio.accounts (owner, position);

CREATE TABLE portfolio.portfolios (
    portfolio_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    name text NOT NULL
);
CREATE INDEX portfolios_of_account ON portfolio.portfolios (account_id);
"""

_LEDGER = """
CREATE TABLE portfolio.ledger_transactions (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    transaction_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    kind text NOT NULL,
    -- Market time; where is_market_time is false no bar had been seen and this is wall time.
    occurred_at timestamptz NOT NULL,
    is_market_time boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    reference text NOT NULL,
    description text NOT NULL,
    event_id text NOT NULL,
    entries smallint NOT NULL CHECK (entries >= 2),
    UNIQUE (account_id, reference)
);
CREATE INDEX ledger_transactions_newest ON portfolio.ledger_transactions (account_id, position);

CREATE TABLE portfolio.ledger_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id text NOT NULL REFERENCES portfolio.ledger_transactions,
    ledger_account text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount portfolio.finite NOT NULL,
    instrument text NOT NULL DEFAULT '',
    quantity portfolio.finite,
    CHECK (quantity IS NULL OR instrument <> '')
);
CREATE INDEX ledger_entries_of_transaction ON portfolio.ledger_entries (transaction_id);

-- What the entries sum to, kept by their trigger so that a read costs a row, not a ledger.
CREATE TABLE portfolio.balances (
    account_id text NOT NULL REFERENCES portfolio.accounts,
    ledger_account text NOT NULL,
    currency text NOT NULL,
    instrument text NOT NULL DEFAULT '',
    amount portfolio.finite NOT NULL,
    quantity portfolio.finite,
    PRIMARY KEY (account_id, ledger_account, currency, instrument)
);
-- Not partial: a predicate on `quantity` would cost each of its updates an entry in the index.
CREATE INDEX balances_of_instrument ON portfolio.balances (account_id, instrument, currency);
"""

# The functions act as their owner, so nobody else may hang them on a table of his own.
_SUMS = """
CREATE FUNCTION portfolio.add_to_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO portfolio.balances AS kept
        (account_id, ledger_account, currency, instrument, amount, quantity)
    SELECT t.account_id, e.ledger_account, e.currency, e.instrument, sum(e.amount), sum(e.quantity)
    FROM added e JOIN portfolio.ledger_transactions t USING (transaction_id)
    GROUP BY t.account_id, e.ledger_account, e.currency, e.instrument
    ON CONFLICT (account_id, ledger_account, currency, instrument) DO UPDATE
    SET amount = kept.amount + EXCLUDED.amount,
        quantity = coalesce(kept.quantity + EXCLUDED.quantity, kept.quantity, EXCLUDED.quantity);
    RETURN NULL;
END $body$;
REVOKE EXECUTE ON FUNCTION portfolio.add_to_balances() FROM PUBLIC;

CREATE TRIGGER ledger_entries_add_up AFTER INSERT ON portfolio.ledger_entries
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.add_to_balances();
REVOKE INSERT, UPDATE, DELETE ON portfolio.balances FROM bifrost_portfolio;
"""

_BALANCE = """
CREATE FUNCTION portfolio.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    is_declared boolean;
BEGIN
    -- One statement for both questions: this is most of what a posting costs.
    SELECT t.entries = found.entries INTO is_declared
        FROM portfolio.ledger_transactions t, LATERAL (
            SELECT coalesce(sum(entries), 0) AS entries, bool_or(off_by <> 0) AS is_off FROM (
                SELECT count(*) AS entries, sum(e.amount) AS off_by
                FROM portfolio.ledger_entries e WHERE e.transaction_id = NEW.transaction_id
                GROUP BY e.currency) of_currency) found
        WHERE t.transaction_id = NEW.transaction_id
            AND (t.entries <> found.entries OR found.is_off);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NOT is_declared THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_declared',
            MESSAGE = 'ledger transaction ' || NEW.transaction_id
                || ' has not the entries that it declares';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance',
        MESSAGE = 'ledger transaction ' || NEW.transaction_id || ' does not balance';
END $body$;

CREATE CONSTRAINT TRIGGER ledger_transactions_balance
    AFTER INSERT ON portfolio.ledger_transactions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION portfolio.refuse_unbalanced();

-- What was checked has all entries that it declares: refusing one more keeps it balanced, and is a
-- look per statement instead of one per entry.
CREATE FUNCTION portfolio.refuse_more_entries() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    exceeded text;
BEGIN
    SELECT t.transaction_id INTO exceeded
        FROM (SELECT DISTINCT transaction_id FROM added) a
            JOIN portfolio.ledger_transactions t USING (transaction_id)
        WHERE t.entries < (SELECT count(*) FROM portfolio.ledger_entries e
            WHERE e.transaction_id = t.transaction_id)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_declared',
            MESSAGE = 'ledger transaction ' || exceeded
                || ' has not the entries that it declares';
    END IF;
    RETURN NULL;
END $body$;

CREATE TRIGGER ledger_entries_as_declared AFTER INSERT ON portfolio.ledger_entries
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_more_entries();

CREATE FUNCTION portfolio.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = 'the ledger is append-only: correct it by a reversing transaction';
END $body$;

CREATE TRIGGER ledger_transactions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
CREATE TRIGGER ledger_entries_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE
    ON portfolio.ledger_transactions, portfolio.ledger_entries FROM bifrost_portfolio;
"""

_LOTS = """
CREATE TABLE portfolio.lots (
    lot_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    instrument text NOT NULL,
    currency text NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_sequence bigint NOT NULL,
    opened_quantity portfolio.finite NOT NULL CHECK (opened_quantity <> 0),
    opened_cost portfolio.finite NOT NULL,
    -- What is left of it; both carry the sign of a short and reach zero together.
    quantity portfolio.finite NOT NULL CHECK (quantity * opened_quantity >= 0),
    cost portfolio.finite NOT NULL,
    -- What it held after the last corporate action or correction; null where there was none.
    held_quantity portfolio.finite,
    position bigint GENERATED ALWAYS AS IDENTITY,
    CHECK (abs(quantity) <= abs(coalesce(held_quantity, opened_quantity))),
    CHECK (quantity <> 0 OR cost = 0)
);
-- Not unique by its sequence: what a spin-off made of a lot is as old as that lot.
CREATE UNIQUE INDEX lots_of_account ON portfolio.lots (account_id, opened_sequence, lot_id);
CREATE INDEX lots_open ON portfolio.lots (account_id, instrument, opened_sequence)
    WHERE quantity <> 0;

CREATE TABLE portfolio.lot_closures (
    lot_id text NOT NULL REFERENCES portfolio.lots,
    transaction_id text NOT NULL REFERENCES portfolio.ledger_transactions,
    closed_at timestamptz NOT NULL,
    -- 0 where an action paid cash and all shares stayed: then something was realised.
    quantity portfolio.finite NOT NULL,
    cost portfolio.finite NOT NULL,
    proceeds portfolio.finite NOT NULL,
    -- A merger may pay cash for a lot and then for its fraction.
    number smallint NOT NULL DEFAULT 0,
    -- The law by which a corporate action closed it; empty where a fill did.
    rule text NOT NULL DEFAULT '',
    CHECK (quantity <> 0 OR cost <> proceeds),
    PRIMARY KEY (lot_id, transaction_id, number)
);
CREATE INDEX lot_closures_of_transaction ON portfolio.lot_closures (transaction_id);

-- What the lots of an instrument sum to, kept by their triggers like the balances by theirs.
CREATE TABLE portfolio.lot_totals (
    account_id text NOT NULL,
    instrument text NOT NULL,
    currency text NOT NULL,
    quantity portfolio.finite NOT NULL,
    cost portfolio.finite NOT NULL,
    PRIMARY KEY (account_id, instrument, currency)
);
"""

_LOT_SUMS = """
CREATE FUNCTION portfolio.add_to_lot_totals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO portfolio.lot_totals AS kept (account_id, instrument, currency, quantity, cost)
    SELECT account_id, instrument, currency, sum(quantity), sum(cost) FROM added
    GROUP BY account_id, instrument, currency
    ON CONFLICT (account_id, instrument, currency) DO UPDATE
    SET quantity = kept.quantity + EXCLUDED.quantity, cost = kept.cost + EXCLUDED.cost;
    RETURN NULL;
END $body$;
REVOKE EXECUTE ON FUNCTION portfolio.add_to_lot_totals() FROM PUBLIC;

CREATE FUNCTION portfolio.move_lot_totals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- An upsert: a corporate action may move a lot to an instrument that was never held.
    INSERT INTO portfolio.lot_totals AS kept (account_id, instrument, currency, quantity, cost)
    SELECT account_id, instrument, currency, sum(quantity), sum(cost)
    FROM (
        SELECT account_id, instrument, currency, quantity, cost FROM after
        UNION ALL
        SELECT account_id, instrument, currency, -quantity, -cost FROM before) moved
    GROUP BY account_id, instrument, currency
    ON CONFLICT (account_id, instrument, currency) DO UPDATE
    SET quantity = kept.quantity + EXCLUDED.quantity, cost = kept.cost + EXCLUDED.cost;
    RETURN NULL;
END $body$;
REVOKE EXECUTE ON FUNCTION portfolio.move_lot_totals() FROM PUBLIC;

CREATE TRIGGER lots_opened_add_up AFTER INSERT ON portfolio.lots
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.add_to_lot_totals();
CREATE TRIGGER lots_reduced_add_up AFTER UPDATE ON portfolio.lots
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.move_lot_totals();

CREATE FUNCTION portfolio.refuse_lots_apart() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM 1 FROM (
        SELECT coalesce(sum(quantity), 0) AS quantity, coalesce(sum(amount), 0) AS cost
        FROM portfolio.balances
        WHERE account_id = NEW.account_id AND instrument = NEW.instrument
            AND currency = NEW.currency AND quantity IS NOT NULL) position,
        (SELECT coalesce(sum(quantity), 0) AS quantity, coalesce(sum(cost), 0) AS cost
        FROM portfolio.lot_totals
        WHERE account_id = NEW.account_id AND instrument = NEW.instrument
            AND currency = NEW.currency) lots
        WHERE position.quantity <> lots.quantity OR position.cost <> lots.cost;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'lots_equal_entries',
            MESSAGE = 'the lots of ' || NEW.instrument || ' in account ' || NEW.account_id
                || ' are not what its ledger entries add up to';
    END IF;
    RETURN NULL;
END $body$;

-- At the commit, so that entries and lots may be written one after the other.
CREATE CONSTRAINT TRIGGER balances_equal_lots
    AFTER INSERT OR UPDATE ON portfolio.balances DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.quantity IS NOT NULL) EXECUTE FUNCTION portfolio.refuse_lots_apart();
CREATE CONSTRAINT TRIGGER lots_equal_balances
    AFTER INSERT OR UPDATE ON portfolio.lot_totals DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION portfolio.refuse_lots_apart();

CREATE TRIGGER lots_stay BEFORE DELETE OR TRUNCATE ON portfolio.lots
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
CREATE TRIGGER lot_closures_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.lot_closures
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE INSERT, UPDATE, DELETE ON portfolio.lot_totals FROM bifrost_portfolio;
REVOKE UPDATE, DELETE ON portfolio.lot_closures FROM bifrost_portfolio;
REVOKE UPDATE, DELETE ON portfolio.lots FROM bifrost_portfolio;
GRANT UPDATE (quantity, cost) ON portfolio.lots TO bifrost_portfolio;
"""

_MARKS = """
CREATE TABLE portfolio.marks (
    instrument text NOT NULL,
    occurred_at timestamptz NOT NULL,
    session date NOT NULL,
    price portfolio.finite NOT NULL CHECK (price > 0),
    currency text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, occurred_at)
);
CREATE INDEX marks_newest ON portfolio.marks (occurred_at);
-- By the key alone the newest of a currency is looked for among all of the instrument's marks, as
-- long as the planner knows nothing of the table: 144 ms for 500 positions instead of 4.
CREATE INDEX marks_newest_of ON portfolio.marks (instrument, currency, occurred_at);
"""

_WITHDRAWALS = """
CREATE TABLE portfolio.withdrawals (
    withdrawal_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    amount portfolio.finite NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'posted', 'refused')),
    reasons jsonb NOT NULL DEFAULT '[]',
    occurred_at timestamptz NOT NULL,
    is_market_time boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    transaction_id text REFERENCES portfolio.ledger_transactions,
    CHECK ((status = 'posted') = (transaction_id IS NOT NULL))
);
CREATE INDEX withdrawals_undecided ON portfolio.withdrawals (recorded_at)
    WHERE status = 'requested';
"""

_BREAKS = """
CREATE TABLE portfolio.breaks (
    break_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL REFERENCES portfolio.accounts,
    kind text NOT NULL CHECK (kind IN ('cash', 'position', 'pending')),
    subject text NOT NULL,
    ours portfolio.finite NOT NULL,
    theirs portfolio.finite NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX breaks_open ON portfolio.breaks (account_id, kind, subject)
    WHERE closed_at IS NULL;
"""


def upgrade() -> None:
    """Create the books."""
    books = (_NUMBERS, _ACCOUNTS, _LEDGER, _SUMS, _BALANCE, _LOTS, _LOT_SUMS)
    for sql in (*books, _MARKS, _WITHDRAWALS, _BREAKS):
        op.execute(sql)
