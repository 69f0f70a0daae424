"""The data bucket: raw files come in here, and each arrival is an event."""

from typing import cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.local_target import Part, Target


class DataBucket(Construct):
    """Encrypted, versioned, closed to the public and to plain HTTP."""

    def __init__(self, scope: Construct, *, target: Target) -> None:
        super().__init__(scope, "DataStore")
        self.bucket = _private(self, "Bucket", logs=self._access_log(target))
        # Their rows are the truth; the files stay as long as somebody may ask what was in one.
        self.bucket.add_lifecycle_rule(
            id="uploads", prefix="uploads/", expiration=Duration.days(90)
        )
        resource = cast("s3.CfnBucket", self.bucket.node.default_child)
        # The library's switch deploys a Lambda with broad rights to set this one flag.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
        CfnOutput(Stack.of(self), "DataBucket", value=self.bucket.bucket_name)

    def _access_log(self, target: Target) -> s3.Bucket | None:
        if not target.has(Part.ACCESS_LOGS):
            return None
        return _private(self, "AccessLog", logs=None, keep=Duration.days(90))


def _private(
    scope: Construct, name: str, *, logs: s3.IBucket | None, keep: Duration | None = None
) -> s3.Bucket:
    return s3.Bucket(
        scope,
        name,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        versioned=True,
        server_access_logs_bucket=logs,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=keep,
                noncurrent_version_expiration=Duration.days(90),
                abort_incomplete_multipart_upload_after=Duration.days(7),
            )
        ],
        removal_policy=RemovalPolicy.RETAIN,
    )
