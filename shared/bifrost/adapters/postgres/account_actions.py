"""Which actions an account's history is played with, and which are new to it or left out."""

# Later than every revision.
ALL = 2**63 - 1

# Actions as of the revision `newest`: what another process keeps meanwhile was not said yet. And
# every instrument that the account can have held: what it traded, and what that became.
_OWN = """
WITH RECURSIVE known AS (
    SELECT a.* FROM portfolio.corporate_actions a
    WHERE a.position <= %(newest)s AND NOT EXISTS (
        SELECT 1 FROM portfolio.corporate_actions newer
        WHERE newer.action_id = a.action_id AND newer.revision > a.revision
            AND newer.position <= %(newest)s)
), own (instrument) AS (
    SELECT DISTINCT detail -> 'fill' ->> 'instrument' FROM portfolio.journal
    WHERE account_id = %(account)s AND detail_type = 'FillRecorded.v1'
    UNION
    SELECT a.new_instrument FROM own JOIN known a USING (instrument)
    WHERE a.new_instrument <> '' AND NOT a.withdrawn
)
"""
_NOT_BROKEN = """
NOT EXISTS (SELECT 1 FROM portfolio.action_refusals r
    WHERE r.account_id = %(account)s AND r.action_id = a.action_id AND r.revision = a.revision
        AND r.is_broken)
"""
CONCERNING = f"""
{_OWN}
SELECT a.action FROM own JOIN known a USING (instrument) WHERE NOT a.withdrawn AND {_NOT_BROKEN}
"""

# What the account meets for the first time, and what takes back what it has met.
HEARD = f"""
{_OWN}
SELECT a.action FROM known a
WHERE (a.position > %(seen)s OR a.ex_date > %(through)s)
    AND (a.instrument IN (SELECT instrument FROM own)
        OR EXISTS (SELECT 1 FROM portfolio.account_actions d
            WHERE d.account_id = %(account)s AND d.action_id = a.action_id))
    AND {_NOT_BROKEN}
ORDER BY a.position
"""

BROKEN = """
SELECT r.action_id, r.reason FROM portfolio.action_refusals r
WHERE r.account_id = %s AND r.is_broken AND NOT EXISTS (
    SELECT 1 FROM portfolio.corporate_actions newer
    WHERE newer.action_id = r.action_id AND newer.revision > r.revision)
"""
