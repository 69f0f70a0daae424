"""Who says that who is their spouse: rows that are only added, and seen by those who said them.

A marriage counts where the newest words of both name each other. That is the one thing that an
owner may learn of another's words, and a function tells it, of the reader's owner alone: a policy
that showed the other's row would show whoever names somebody that they do.
"""

from alembic import op

revision = "0125"
down_revision = "0120"

READER = "bifrost_portfolio_reader"

_DECLARATIONS = f"""
CREATE TABLE portfolio.spouse_declarations (
    owner text NOT NULL CHECK (owner <> ''),
    -- The first words make it 2: 1 is an owner's who never said anything.
    version integer NOT NULL CHECK (version > 1),
    -- Null where it is taken back. No foreign key: whether there is such an owner is not told.
    spouse text CHECK (spouse <> '' AND spouse <> owner),
    -- The first and the last day of the marriage, where it has them.
    since date,
    until date,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (owner, version),
    CHECK (since <= until),
    CHECK (spouse IS NOT NULL OR (since IS NULL AND until IS NULL))
);
CREATE TRIGGER spouse_declarations_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON portfolio.spouse_declarations
    FOR EACH STATEMENT EXECUTE FUNCTION portfolio.refuse_change();
REVOKE UPDATE, DELETE ON portfolio.spouse_declarations FROM bifrost_portfolio;

ALTER TABLE portfolio.spouse_declarations ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON portfolio.spouse_declarations TO {READER};
CREATE POLICY of_owner ON portfolio.spouse_declarations FOR SELECT TO {READER}
    USING (owner = current_setting('bifrost.owner', true));
CREATE POLICY of_system ON portfolio.spouse_declarations TO bifrost_portfolio
    USING (true) WITH CHECK (true);
"""

# Only days that both have said count; where there are none, nothing does. Null is no bound, and
# greatest and least pass it over.
_STANDING = f"""
CREATE FUNCTION portfolio.standing_spouse()
RETURNS TABLE (spouse text, since date, until date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    SELECT mine.spouse, greatest(mine.since, theirs.since), least(mine.until, theirs.until)
    FROM (
        SELECT d.owner, d.spouse, d.since, d.until FROM portfolio.spouse_declarations d
        WHERE d.owner = current_setting('bifrost.owner', true)
        ORDER BY d.version DESC LIMIT 1
    ) mine CROSS JOIN LATERAL (
        SELECT d.spouse, d.since, d.until FROM portfolio.spouse_declarations d
        WHERE d.owner = mine.spouse ORDER BY d.version DESC LIMIT 1
    ) theirs
    WHERE theirs.spouse = mine.owner AND coalesce(
        greatest(mine.since, theirs.since) <= least(mine.until, theirs.until), true)
$body$;
REVOKE EXECUTE ON FUNCTION portfolio.standing_spouse() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION portfolio.standing_spouse() TO {READER};
"""


def upgrade() -> None:
    """Let owners say who their spouse is, and learn whether it is said of them, too."""
    op.execute(_DECLARATIONS)
    op.execute(_STANDING)
