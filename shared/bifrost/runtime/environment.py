"""A function's environment, read once: what its wiring plugs in.

`runtime.settings` does this with pydantic-settings for the desk's own programs; a Lambda's
tasks and listeners cannot afford its 130 ms, so here a dataclass does.
"""

import os
from dataclasses import dataclass, field
from functools import lru_cache

WORKFLOWS = ("order_flow", "order_preview", "withdrawal_flow", "reconcile", "replay", "rebuild")


@dataclass(frozen=True, slots=True)
class FunctionEnvironment:
    """Everything a function is told from outside; an empty string means not given."""

    capability: str
    region: str
    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    database_url: str = field(repr=False)
    venue_database_url: str = field(repr=False)
    database_auth: str
    event_bus_name: str
    queue_url: str
    dead_letter_queue_url: str
    data_bucket: str
    ingest_queue_url: str
    vendor_keys: str
    vendor_settings: str
    feed_url: str
    container_credentials: str
    workflow_arns: dict[str, str]
    token_issuer: str
    token_audience: str
    token_jwks_url: str
    traced: bool
    starts_in_lambda: bool


@lru_cache
def environment() -> FunctionEnvironment:
    """Read the environment of this process."""
    get = os.environ.get
    return FunctionEnvironment(
        capability=get("CAPABILITY", ""),
        region=get("AWS_REGION", "us-east-1"),
        endpoint_url=get("AWS_ENDPOINT_URL", ""),
        access_key=get("AWS_ACCESS_KEY_ID", ""),
        secret_key=get("AWS_SECRET_ACCESS_KEY", ""),
        session_token=get("AWS_SESSION_TOKEN", ""),
        database_url=get("DATABASE_URL", ""),
        venue_database_url=get("VENUE_DATABASE_URL", ""),
        database_auth=get("DATABASE_AUTH", "none"),
        event_bus_name=get("EVENT_BUS_NAME", ""),
        queue_url=get("QUEUE_URL", ""),
        dead_letter_queue_url=get("DEAD_LETTER_QUEUE_URL", ""),
        data_bucket=get("DATA_BUCKET", ""),
        ingest_queue_url=get("INGEST_QUEUE_URL", ""),
        vendor_keys=get("VENDOR_KEYS", ""),
        vendor_settings=get("VENDOR_SETTINGS", ""),
        feed_url=get("FEED_URL", ""),
        container_credentials=get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ""),
        workflow_arns={name: get(f"{name.upper()}_ARN", "") for name in WORKFLOWS},
        token_issuer=get("TOKEN_ISSUER", ""),
        token_audience=get("TOKEN_AUDIENCE", ""),
        token_jwks_url=get("TOKEN_JWKS_URL", ""),
        traced=get("POWERTOOLS_TRACE_DISABLED", "true").lower() not in ("1", "true"),
        starts_in_lambda="AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ,
    )
