"""The journal of what changed an account's books, corporate actions, and how they changed lots.

The journal is only added to, in the transaction of each booking: what it says, played again with
the actions that stand, are the account's books. A lot is revised by an action or a correction
through `lot_revisions` alone: a row says what the lot was and is, and its trigger writes it, so
that the role can neither move a lot to another instrument nor let it grow without saying so.
"""

from alembic import op

revision = "0100"
down_revision = "0095"

READER = "bifrost_portfolio_reader"

_JOURNAL = """
CREATE TABLE portfolio.journal (
    account_id text NOT NULL REFERENCES portfolio.accounts,
    -- A fill's sequence; of a note the last fill that was booked before; 0 of cash from outside.
    place bigint NOT NULL CHECK (place >= 0),
    is_note boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    event_id text NOT NULL,
    -- The exchange's, of a fill; of a note no earlier than that of a fill booked before it.
    session date NOT NULL,
    detail_type text NOT NULL,
    detail jsonb NOT NULL,
    -- The transaction that it reverses.
    reverses text NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, event_id)
);
CREATE INDEX journal_in_order ON portfolio.journal (account_id,
    (detail_type <> 'LotSelectionChanged.v1'), session, place, is_note, recorded_at, event_id);
CREATE INDEX journal_flows ON portfolio.journal (account_id, session)
    WHERE is_note AND detail_type = 'CashChanged.v1';

-- Every action with an ex-date up to `through`, of the revisions up to `seen`, has met the account.
CREATE TABLE portfolio.account_sessions (
    account_id text PRIMARY KEY REFERENCES portfolio.accounts,
    through date NOT NULL,
    seen bigint NOT NULL
);
"""

_ACTIONS = """
CREATE TABLE portfolio.corporate_actions (
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    action_id text NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    instrument text NOT NULL,
    -- What its shares become, if they do.
    new_instrument text NOT NULL,
    ex_date date NOT NULL,
    withdrawn boolean NOT NULL,
    action jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (action_id, revision)
);
CREATE INDEX corporate_actions_of_instrument
    ON portfolio.corporate_actions (instrument, ex_date);
CREATE INDEX corporate_actions_by_day ON portfolio.corporate_actions (ex_date);

CREATE VIEW portfolio.standing_actions AS
    SELECT a.* FROM portfolio.corporate_actions a
    WHERE NOT a.withdrawn AND NOT EXISTS (
        SELECT 1 FROM portfolio.corporate_actions newer
        WHERE newer.action_id = a.action_id AND newer.revision > a.revision);

-- What an action changed in an account, as its books now are; the ledger keeps what was before.
CREATE TABLE portfolio.account_actions (
    account_id text NOT NULL REFERENCES portfolio.accounts,
    action_id text NOT NULL,
    revision integer NOT NULL,
    ex_date date NOT NULL,
    transaction_id text REFERENCES portfolio.ledger_transactions,
    -- What it did to imported lots, which no journal tells of, is a row of its own.
    is_imported boolean NOT NULL,
    due portfolio.finite NOT NULL,
    paid_on date NOT NULL,
    payment_id text REFERENCES portfolio.ledger_transactions,
    PRIMARY KEY (account_id, action_id, is_imported),
    FOREIGN KEY (action_id, revision) REFERENCES portfolio.corporate_actions
);
CREATE INDEX account_actions_unpaid ON portfolio.account_actions (paid_on)
    WHERE due <> 0 AND payment_id IS NULL;
CREATE INDEX account_actions_of_action ON portfolio.account_actions (action_id);

-- What could not be applied, and what a person has to do about it.
CREATE TABLE portfolio.action_refusals (
    account_id text NOT NULL REFERENCES portfolio.accounts,
    action_id text NOT NULL,
    revision integer NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    recorded_at timestamptz NOT NULL,
    -- The books' own constraints said no to it on own lots: history is played without it.
    is_broken boolean NOT NULL,
    PRIMARY KEY (account_id, action_id, revision, is_broken)
);

CREATE INDEX balances_of_holders ON portfolio.balances (instrument) WHERE instrument <> '';
"""

_REVISIONS = """
CREATE TABLE portfolio.lot_revisions (
    transaction_id text NOT NULL REFERENCES portfolio.ledger_transactions,
    lot_id text NOT NULL REFERENCES portfolio.lots,
    instrument_before text NOT NULL,
    quantity_before portfolio.finite NOT NULL,
    cost_before portfolio.finite NOT NULL,
    instrument text NOT NULL,
    quantity portfolio.finite NOT NULL,
    cost portfolio.finite NOT NULL,
    PRIMARY KEY (transaction_id, lot_id)
);
CREATE INDEX lot_revisions_of_lot ON portfolio.lot_revisions (lot_id);

CREATE FUNCTION portfolio.revise_lots() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    revised bigint;
BEGIN
    UPDATE portfolio.lots l
    SET instrument = r.instrument, quantity = r.quantity, cost = r.cost,
        held_quantity = r.quantity
    FROM added r JOIN portfolio.ledger_transactions t USING (transaction_id)
    WHERE l.lot_id = r.lot_id AND l.account_id = t.account_id
        AND l.instrument = r.instrument_before AND l.quantity = r.quantity_before
        AND l.cost = r.cost_before;
    GET DIAGNOSTICS revised = ROW_COUNT;
    IF revised <> (SELECT count(*) FROM added) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_revisions_follow',
            MESSAGE = 'a lot is not what its revision says that it was';
    END IF;
    RETURN NULL;
END $body$;
REVOKE EXECUTE ON FUNCTION portfolio.revise_lots() FROM PUBLIC;

CREATE TRIGGER lot_revisions_revise AFTER INSERT ON portfolio.lot_revisions
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.revise_lots();
"""

_APPEND_ONLY = """
CREATE TRIGGER {t}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.{t}
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE UPDATE, DELETE ON portfolio.{t} FROM bifrost_portfolio;
"""

_VISIBLE = f"""
ALTER TABLE portfolio.{{t}} ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON portfolio.{{t}} TO {READER};
CREATE POLICY of_owner ON portfolio.{{t}} FOR SELECT TO {READER} USING ({{visible}});
CREATE POLICY of_system ON portfolio.{{t}} TO bifrost_portfolio USING (true) WITH CHECK (true);
"""
_OWN_ACCOUNT = "account_id IN (SELECT account_id FROM portfolio.accounts)"
_OF_OWNER = {
    "journal": _OWN_ACCOUNT,
    "account_sessions": _OWN_ACCOUNT,
    "account_actions": _OWN_ACCOUNT,
    "action_refusals": _OWN_ACCOUNT,
    "lot_revisions": "lot_id IN (SELECT lot_id FROM portfolio.lots)",
    # What issuers did is nobody's own.
    "corporate_actions": "true",
}


def upgrade() -> None:
    """Create the journal and what corporate actions need beside it."""
    for sql in (_JOURNAL, _ACTIONS, _REVISIONS):
        op.execute(sql)
    for table in ("journal", "corporate_actions", "lot_revisions", "action_refusals"):
        op.execute(_APPEND_ONLY.format(t=table))
    for table, visible in _OF_OWNER.items():
        op.execute(_VISIBLE.format(t=table, visible=visible))
