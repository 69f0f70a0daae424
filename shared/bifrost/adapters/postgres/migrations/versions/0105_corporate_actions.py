"""Corporate actions at the venue, on open orders and in risk.

The venue keeps orders as they were placed and trades as they traded, so that it can play an
account's history again when the vendor corrects an action.
"""

from alembic import op

revision = "0105"
down_revision = "0100"

_VENUE = """
-- A correction can show that more was sold than was ever held.
ALTER TABLE venue.positions DROP CONSTRAINT positions_quantity_check;

-- placed_*: the terms that it was sent with, in shares as of `placed_session`, which is empty for
-- an order from before the first bar. adjusted_through: the session by which its terms are.
ALTER TABLE venue.orders
    ADD COLUMN placed_instrument text,
    ADD COLUMN placed_quantity numeric,
    ADD COLUMN placed_limit_price numeric,
    ADD COLUMN placed_stop_price numeric,
    ADD COLUMN placed_session date,
    ADD COLUMN adjusted_through date,
    ADD COLUMN do_not_reduce boolean NOT NULL DEFAULT false,
    ADD COLUMN do_not_increase boolean NOT NULL DEFAULT false,
    ADD COLUMN restatements integer NOT NULL DEFAULT 0;
UPDATE venue.orders o SET placed_instrument = instrument, placed_quantity = quantity,
    placed_limit_price = limit_price, placed_stop_price = stop_price,
    placed_session = before.session, adjusted_through = before.session
FROM (SELECT one.client_order_id, (
        SELECT session FROM venue.tape t WHERE t.closed_at <= one.accepted_after
        ORDER BY closed_at DESC LIMIT 1) AS session
    FROM venue.orders one) before
WHERE before.client_order_id = o.client_order_id;
ALTER TABLE venue.orders
    ALTER COLUMN placed_instrument SET NOT NULL,
    ALTER COLUMN placed_quantity SET NOT NULL;

-- instrument, session: of a trade, as it was traded. restatement: the new terms of an order.
ALTER TABLE venue.reports
    ADD COLUMN instrument text NOT NULL DEFAULT '',
    ADD COLUMN session date,
    ADD COLUMN restatement jsonb;
UPDATE venue.reports r SET instrument = o.instrument,
    session = (r.occurred_at AT TIME ZONE 'America/New_York' + interval '4 hours')::date
FROM venue.orders o WHERE o.client_order_id = r.client_order_id AND r.kind = 'trade';
CREATE INDEX reports_of_position ON venue.reports (account_id, instrument) WHERE kind = 'trade';
CREATE INDEX reports_of_order ON venue.reports (client_order_id) WHERE kind = 'trade';
CREATE INDEX tape_session ON venue.tape (session);
CREATE INDEX positions_of_instrument ON venue.positions (instrument);

CREATE TABLE venue.instruments (
    symbol text PRIMARY KEY,
    mic text NOT NULL,
    currency text NOT NULL,
    tick_size numeric NOT NULL CHECK (tick_size > 0),
    lot_size numeric NOT NULL CHECK (lot_size > 0),
    name text NOT NULL
);
INSERT INTO venue.instruments SELECT * FROM execution.instruments;

-- Every revision that the venue has heard of. `waiting` for its ex-date; `standing`: it is in the
-- books; `past`: a later revision took its place, or withdrew it.
CREATE TABLE venue.corporate_actions (
    action_id text NOT NULL,
    revision integer NOT NULL,
    instrument text NOT NULL,
    new_instrument text NOT NULL,
    ex_date date NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'standing', 'past')),
    action jsonb NOT NULL,
    PRIMARY KEY (action_id, revision)
);
CREATE INDEX corporate_actions_waiting ON venue.corporate_actions (ex_date)
    WHERE state = 'waiting';
CREATE UNIQUE INDEX corporate_actions_standing ON venue.corporate_actions (action_id)
    WHERE state = 'standing';
CREATE INDEX corporate_actions_of ON venue.corporate_actions (instrument, state, ex_date);
CREATE INDEX corporate_actions_into ON venue.corporate_actions (new_instrument, state, ex_date)
    WHERE new_instrument <> '';

-- Cash that an account is owed by an action from its ex-date; below zero it owes it.
CREATE TABLE venue.entitlements (
    account_id text NOT NULL REFERENCES venue.accounts,
    action_id text NOT NULL,
    amount numeric NOT NULL,
    paid_on date NOT NULL,
    is_paid boolean NOT NULL,
    PRIMARY KEY (account_id, action_id)
);
CREATE INDEX entitlements_unpaid ON venue.entitlements (paid_on) WHERE NOT is_paid;
"""

_EXECUTION = """
ALTER TABLE execution.orders
    ADD COLUMN do_not_reduce boolean NOT NULL DEFAULT false,
    ADD COLUMN do_not_increase boolean NOT NULL DEFAULT false;

-- The newest revision of each, for orders that are not yet sent and for positions.
CREATE TABLE execution.corporate_actions (
    action_id text PRIMARY KEY,
    revision integer NOT NULL,
    instrument text NOT NULL,
    new_instrument text NOT NULL,
    ex_date date NOT NULL,
    withdrawn boolean NOT NULL,
    action jsonb NOT NULL
);
CREATE INDEX corporate_actions_standing ON execution.corporate_actions (instrument, ex_date)
    WHERE NOT withdrawn;
CREATE INDEX corporate_actions_into ON execution.corporate_actions (new_instrument)
    WHERE new_instrument <> '';
"""

_RISK = """
-- ended_at: what the order had filled when it ended; empty while it has not. As a number of its
-- own, because an end may be heard before the restatement that it came after.
-- held_per_share: the cash for each open share. Of a restated order it is its own new limit, or
-- what was set aside at first times the shares that have become how many: `scale_from` for
-- `scale_to`, kept apart because a product of them is exact in any order and a quotient is not.
ALTER TABLE risk.reservations
    DROP COLUMN open,
    ADD COLUMN ended_at numeric CHECK (ended_at >= 0),
    ADD COLUMN commission_per_share numeric NOT NULL DEFAULT 0,
    ADD COLUMN restated_limit numeric,
    ADD COLUMN restated_step integer NOT NULL DEFAULT 0,
    ADD COLUMN scale_from numeric NOT NULL DEFAULT 1 CHECK (scale_from > 0),
    ADD COLUMN scale_to numeric NOT NULL DEFAULT 1 CHECK (scale_to > 0);
UPDATE risk.reservations SET ended_at = GREATEST(quantity - released, 0) WHERE released > 0;
-- A venue may fill after it said it was done: filled may be more than the order was.
ALTER TABLE risk.reservations
    DROP COLUMN released,
    ADD COLUMN open numeric NOT NULL GENERATED ALWAYS AS
        (GREATEST(LEAST(quantity, ended_at) - filled, 0)) STORED,
    ADD COLUMN held_per_share numeric NOT NULL GENERATED ALWAYS AS (CASE
        WHEN side = 'sell' THEN 0
        WHEN restated_limit IS NOT NULL THEN restated_limit + commission_per_share
        WHEN scale_from = scale_to THEN cash_per_share
        ELSE (cash_per_share - commission_per_share) * scale_from / scale_to
            + commission_per_share
        END) STORED;
CREATE INDEX reservations_open ON risk.reservations (account_id) WHERE open > 0;

-- A change counts once whatever events report it.
CREATE TABLE risk.position_changes (
    transaction_id text NOT NULL,
    instrument text NOT NULL,
    account_id text NOT NULL REFERENCES risk.accounts,
    quantity numeric NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (transaction_id, instrument)
);
REVOKE UPDATE, DELETE ON risk.position_changes FROM bifrost_risk;
CREATE TRIGGER position_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON risk.position_changes FOR EACH STATEMENT EXECUTE FUNCTION risk.refuse_change();

-- The newest revision of each; `counts`: a price from before its ex-date is of other shares.
CREATE TABLE risk.corporate_actions (
    action_id text PRIMARY KEY,
    revision integer NOT NULL,
    instrument text NOT NULL,
    ex_date date NOT NULL,
    counts boolean NOT NULL
);
CREATE INDEX corporate_actions_of ON risk.corporate_actions (instrument, ex_date) WHERE counts;
"""


def upgrade() -> None:
    """Give each of them what it has to keep."""
    op.execute(_VENUE)
    op.execute(_EXECUTION)
    op.execute(_RISK)
