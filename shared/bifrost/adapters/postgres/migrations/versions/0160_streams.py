"""Live streams: how each stands and what it missed; and the feed: who listens, and its messages.

A gap is a row: while it is open, nothing that is derived of its minutes is told to anybody.
"""

from alembic import op

revision = "0160"
down_revision = "0155"

_STREAMS = """
-- holes: [first, before, cause, missing numbers] in microseconds since 1970; before is null while
-- it lasts. Minutes before settled_to are stored, or in one of them.
CREATE TABLE data.market_streams (
    instrument text NOT NULL REFERENCES data.instruments,
    source text NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'gap', 'recovering', 'halted')),
    settled_to timestamptz NOT NULL,
    holes jsonb NOT NULL,
    bar_to timestamptz,
    quote_at timestamptz,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (instrument, source)
);

-- From when to when something was missing, as long as anything was; kept for good.
CREATE TABLE data.stream_gaps (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument text NOT NULL REFERENCES data.instruments,
    source text NOT NULL,
    first timestamptz NOT NULL,
    before timestamptz,
    cause text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX stream_gaps_open ON data.stream_gaps (instrument, source)
    WHERE closed_at IS NULL;
"""

_FEED = """
-- Whoever is connected to the WebSocket feed, until when at the most: a connection whose end
-- nobody told us of must not be told of bars for ever.
CREATE TABLE data.feed_connections (
    connection_id text PRIMARY KEY,
    owner text NOT NULL,
    connected_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- It did not take what it was told: others are not to wait for it.
    silent_until timestamptz
);
CREATE TABLE data.feed_subscriptions (
    channel text NOT NULL,
    connection_id text NOT NULL REFERENCES data.feed_connections ON DELETE CASCADE,
    PRIMARY KEY (channel, connection_id)
);
CREATE INDEX feed_subscriptions_of_connection ON data.feed_subscriptions (connection_id);

-- Channels that somebody has asked for, and how many messages each has had. Never deleted: a count
-- that began anew would tell a client that it had missed nothing.
CREATE TABLE data.feed_channels (
    channel text PRIMARY KEY,
    sequence bigint NOT NULL DEFAULT 0
);
-- message_key: what it tells of, once. Kept for a while, for who was away.
CREATE TABLE data.feed_messages (
    channel text NOT NULL REFERENCES data.feed_channels,
    sequence bigint NOT NULL,
    message_key text NOT NULL,
    message jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (channel, sequence),
    UNIQUE (channel, message_key)
);
CREATE INDEX feed_messages_old ON data.feed_messages (recorded_at);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_STREAMS)
    op.execute(_FEED)
