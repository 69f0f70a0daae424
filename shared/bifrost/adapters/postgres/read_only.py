"""Connections by which nothing can be changed, whatever the role may do."""


def read_only(dsn: str) -> str:
    """Return the connection string with every transaction read-only, as the server sees to it."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    options = str(conninfo_to_dict(dsn).get("options") or "")
    return make_conninfo(dsn, options=f"{options} -cdefault_transaction_read_only=on".strip())
