"""What every function's wiring plugs in the same way: its database, clients and relay.

Each is made at the first call and kept for the life of the process. What speaks to AWS is
imported by what makes it: a capability that calls nobody loads no HTTP.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.database import Database, with_fresh_password
from bifrost.runtime.environment import environment

# A client that takes longer is left alone for a while.
_PUSH_SECONDS = 3

if TYPE_CHECKING:
    from collections.abc import Callable

    from bifrost.adapters.aws.client import AwsClient
    from bifrost.adapters.aws.feed import ApiGatewayPushes
    from bifrost.adapters.aws.objects import S3Objects
    from bifrost.adapters.aws.queues import SqsQueues
    from bifrost.adapters.aws.secrets import KeptSecrets
    from bifrost.adapters.aws.signing import Credentials
    from bifrost.adapters.aws.work_queue import SqsWorkQueue
    from bifrost.adapters.aws.workflows import StepFunctionsWorkflows
    from bifrost.adapters.postgres.outbox import Relay


@lru_cache
def database() -> Database:
    """The capability's own schema, as its own role."""
    return _open(environment().database_url)


@lru_cache
def second_database() -> Database:
    """Another connection to the same schema, for what is told while the first one reads."""
    return _open(environment().database_url)


@lru_cache
def venue_database() -> Database:
    """The paper venue's books: another party's database that happens to stand here."""
    return _open(environment().venue_database_url)


@lru_cache
def relay() -> "Relay":
    """Sends what this capability's outbox holds."""
    from bifrost.adapters.aws.bus import EventBridgeSink
    from bifrost.adapters.postgres.outbox import Relay

    env = environment()
    return Relay(database(), env.capability, EventBridgeSink(_client("events"), env.event_bus_name))


@lru_cache
def relay_of_its_own() -> "Relay":
    """A relay with a connection of its own, for a thread beside those that write."""
    from bifrost.adapters.aws.bus import EventBridgeSink
    from bifrost.adapters.postgres.outbox import Relay

    env = environment()
    sink = EventBridgeSink(_client("events"), env.event_bus_name)
    return Relay(_open(env.database_url), env.capability, sink)


@lru_cache
def workflows() -> "StepFunctionsWorkflows":
    """The state machines this function may start."""
    from bifrost.adapters.aws.workflows import StepFunctionsWorkflows

    # AWS serves synchronous executions under another host name.
    return StepFunctionsWorkflows(
        _client("states"),
        _client("states", host_prefix="sync-", timeout_seconds=60),
        environment().workflow_arns,
    )


@lru_cache
def objects() -> "S3Objects":
    """The data bucket."""
    from bifrost.adapters.aws.objects import S3Objects

    return S3Objects(_client("s3", timeout_seconds=30), environment().data_bucket)


@lru_cache
def queues() -> "SqsQueues":
    """SQS, for readiness."""
    from bifrost.adapters.aws.queues import SqsQueues

    return SqsQueues(_client("sqs"))


@lru_cache
def work_queue() -> "SqsWorkQueue":
    """The queue in front of this capability's worker."""
    from bifrost.adapters.aws.work_queue import SqsWorkQueue

    return SqsWorkQueue(_client("sqs"), environment().ingest_queue_url)


@lru_cache
def secrets() -> "KeptSecrets":
    """The secrets that this function may read."""
    from bifrost.adapters.aws.secrets import KeptSecrets

    return KeptSecrets(_client("secretsmanager"))


@lru_cache
def pushes() -> "ApiGatewayPushes":
    """The way to the clients of the WebSocket feed."""
    from urllib.parse import urlsplit

    from bifrost.adapters.aws.client import AwsClient
    from bifrost.adapters.aws.feed import ApiGatewayPushes

    env = environment()
    host = urlsplit(env.feed_url)._replace(path="").geturl()
    return ApiGatewayPushes(
        env.feed_url,
        lambda: AwsClient(
            "execute-api", env.region, _credentials, endpoint=host, timeout_seconds=_PUSH_SECONDS
        ),
    )


def _client(service: str, *, host_prefix: str = "", timeout_seconds: float = 10) -> "AwsClient":
    from bifrost.adapters.aws.client import AwsClient

    env = environment()
    return AwsClient(
        service,
        env.region,
        _credentials,
        endpoint=env.endpoint_url,
        host_prefix=host_prefix,
        timeout_seconds=timeout_seconds,
    )


def _credentials() -> "Credentials":
    from bifrost.adapters.aws.signing import Credentials

    env = environment()
    if env.container_credentials:
        return _of_container(env.container_credentials)()
    return Credentials(env.access_key, env.secret_key, env.session_token)


@lru_cache
def _of_container(path: str) -> "Callable[[], Credentials]":
    from bifrost.adapters.aws.container_credentials import container_credentials

    return container_credentials(path)


def _open(dsn: str) -> Database:
    env = environment()
    if env.database_auth != "iam":
        return Database(dsn)
    return Database(lambda: with_fresh_password(dsn, _database_token))


def _database_token(host: str, port: int, user: str) -> str:
    from bifrost.adapters.aws.signing import Scope, database_token

    scope = Scope("rds-db", environment().region, SystemClock().now())
    return database_token(host, port, user, _credentials(), scope)
