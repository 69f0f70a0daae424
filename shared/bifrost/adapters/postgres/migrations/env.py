"""Alembic's entry: it runs on the connection that `adapters.postgres.migrate` opened.

There is no alembic.ini and no address here: who migrates what is the caller's decision.
"""

from alembic import context


def run() -> None:
    """Run each migration in a transaction of its own, so that a failed one leaves the last good."""
    context.configure(
        connection=context.config.attributes["connection"],
        transaction_per_migration=True,
        on_version_apply=context.config.attributes["note"],
    )
    with context.begin_transaction():
        context.run_migrations()


run()
