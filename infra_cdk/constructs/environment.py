"""What a function is told: `bifrost.runtime.environment` reads exactly these names."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from infra_cdk.capabilities import Capability
from infra_cdk.constructs.database_access import ParameterUrls, ProxyAccess
from infra_cdk.constructs.identity import Identity
from infra_cdk.constructs.listener import Listener
from infra_cdk.constructs.workflows import workflow_arn

NAMESPACE = "Bifrost"


@dataclass(frozen=True, slots=True)
class Environment:
    """What all functions share; `of` adds what one row asks for, and no more.

    endpoint: where AWS answers, for the local target; None is AWS itself.
    feed_url: where clients of the WebSocket feed are pushed to.
    trace_disabled: whether functions trace inside an invocation ("true" or "false").
    """

    stack: Stack
    databases: ParameterUrls | ProxyAccess
    bus: events.IEventBus
    bucket: s3.IBucket
    vendor_keys: secretsmanager.ISecret
    identity: Identity
    endpoint: str | None
    trace_disabled: str
    feed_url: str

    def of(self, capability: Capability, listener: Listener | None) -> dict[str, str]:
        """Return the capability's variables."""
        return {
            **self._shared(capability.folder),
            **self._databases(capability),
            **self._queues(listener),
            **({"EVENT_BUS_NAME": self.bus.event_bus_name} if capability.publishes else {}),
            **({"DATA_BUCKET": self.bucket.bucket_name} if capability.reads_bucket else {}),
            **self._keys(capability),
            **({"FEED_URL": self.feed_url} if capability.sockets else {}),
            **{
                f"{workflow.name}_ARN": workflow_arn(self.stack, workflow)
                for workflow in capability.starts
            },
        }

    def _shared(self, name: str) -> dict[str, str]:
        keys = f"{self.endpoint}/{self.identity.pool_id}" if self.endpoint else self.identity.issuer
        return {
            "CAPABILITY": name,
            "POWERTOOLS_SERVICE_NAME": name,
            # Said outright: the emulator's own LOG_LEVEL would reach the functions else.
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            "POWERTOOLS_TRACE_DISABLED": self.trace_disabled,
            "TOKEN_ISSUER": self.identity.issuer,
            "TOKEN_AUDIENCE": self.identity.client_id,
            "TOKEN_JWKS_URL": f"{keys}/.well-known/jwks.json",
            **({"AWS_ENDPOINT_URL": self.endpoint} if self.endpoint else {}),
        }

    def _databases(self, capability: Capability) -> dict[str, str]:
        if not capability.schemas:
            return {}
        own, *others = capability.schemas
        return {
            "DATABASE_AUTH": self.databases.auth,
            "DATABASE_URL": self.databases.url(own),
            **{f"{name.upper()}_DATABASE_URL": self.databases.url(name) for name in others},
        }

    def _keys(self, capability: Capability) -> dict[str, str]:
        return {"VENDOR_KEYS": self.vendor_keys.secret_arn} if capability.reads_vendor_keys else {}

    @staticmethod
    def _queues(listener: Listener | None) -> dict[str, str]:
        if listener is None:
            return {}
        return {
            "QUEUE_URL": listener.queue.queue_url,
            "DEAD_LETTER_QUEUE_URL": listener.dead_letters.queue_url,
        }
