"""Snapshots' task: keep those of the newest sessions."""

from bifrost.runtime.lambda_entry import Payload


def record_snapshots(_: Payload) -> Payload:
    """Keep the snapshots of the newest sessions, where they are new or came out otherwise."""
    from functions.data import wiring_snapshots

    return dict(wiring_snapshots.snapshots().record())
