"""Deploys an assembly with CloudFormation calls alone: assets to S3, then create or update.

The same calls serve MiniStack, LocalStack and AWS; no CDK toolkit and no bootstrap stack is
needed, only the assets' bucket, which is made here where it is missing.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from bifrost.core.errors import UnavailableError
from bifrost.local import aws
from bifrost.local.archive import archive
from bifrost.local.assembly import Assembly, Asset

TEMPLATE_BYTES_MAX = 51_200
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
DEAD = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"}
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Deployer:
    """Deploys to one endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint = endpoint_url
        self._stacks = aws.client("cloudformation", endpoint_url)
        self._objects = aws.client("s3", endpoint_url)

    def deploy(
        self,
        assembly: Assembly,
        parameters: Mapping[str, str],
        *,
        last: str,
        progress: Callable[[str], None],
    ) -> tuple[str, dict[str, str]]:
        """Bring the stack to this assembly; return its fingerprint and its outputs.

        last: the fingerprint of the last deployment, which is not repeated while its stack lives.
        """
        given = {name: value for name, value in parameters.items() if name in assembly.parameters}
        fingerprint = fingerprint_of(assembly, given)
        status, outputs = self._describe(assembly.stack)
        if fingerprint == last and status in DONE:
            return fingerprint, outputs
        progress(f"deploying {assembly.stack}")
        account = aws.client("sts", self._endpoint).get_caller_identity()["Account"]
        for asset in assembly.assets:
            self._publish(asset, account)
        if status in DEAD:
            self._delete(assembly.stack)
            status = ""
        self._apply(assembly, given, is_new=not status, account=account)
        return fingerprint, self._wait(assembly.stack)

    def _publish(self, asset: Asset, account: str) -> None:
        bucket = fill(asset.bucket, account)
        self._ensure_bucket(bucket)
        listed = self._objects.list_objects_v2(Bucket=bucket, Prefix=asset.key)
        if listed.get("KeyCount"):
            return  # the key is the content's digest
        content = archive(asset.source) if asset.is_archive else asset.source.read_bytes()
        self._objects.put_object(Bucket=bucket, Key=asset.key, Body=content)

    def _ensure_bucket(self, bucket: str) -> None:
        buckets = {entry["Name"] for entry in self._objects.list_buckets()["Buckets"]}
        if bucket not in buckets:
            self._objects.create_bucket(Bucket=bucket)

    def _apply(
        self, assembly: Assembly, parameters: Mapping[str, str], *, is_new: bool, account: str
    ) -> None:
        call = self._stacks.create_stack if is_new else self._stacks.update_stack
        try:
            call(
                StackName=assembly.stack,
                Capabilities=CAPABILITIES,
                Parameters=[
                    {"ParameterKey": name, "ParameterValue": value}
                    for name, value in sorted(parameters.items())
                ],
                **self._template(assembly, account),
            )
        except self._stacks.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise UnavailableError(
                    f"CloudFormation refused {assembly.stack}: {error}"
                ) from error

    def _template(self, assembly: Assembly, account: str) -> dict[str, str]:
        if len(assembly.template.encode()) <= TEMPLATE_BYTES_MAX:
            return {"TemplateBody": assembly.template}
        bucket = fill(assembly.assets[0].bucket, account)
        key = f"{hashlib.sha256(assembly.template.encode()).hexdigest()}.json"
        self._objects.put_object(Bucket=bucket, Key=key, Body=assembly.template.encode())
        return {"TemplateURL": f"{self._endpoint}/{bucket}/{key}"}

    def _describe(self, stack: str) -> tuple[str, dict[str, str]]:
        """The stack's status (empty when there is none) and its outputs."""
        try:
            found = self._stacks.describe_stacks(StackName=stack)["Stacks"][0]
        except self._stacks.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return "", {}
            raise UnavailableError(f"CloudFormation did not answer: {error}") from error
        outputs = {row["OutputKey"]: row["OutputValue"] for row in found.get("Outputs", [])}
        return str(found["StackStatus"]), outputs

    def _wait(self, stack: str, timeout_seconds: float = 1800.0) -> dict[str, str]:
        deadline = time.monotonic() + timeout_seconds
        status, outputs = self._describe(stack)
        while status.endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise UnavailableError(f"{stack} is still {status} after {timeout_seconds:.0f} s")
            time.sleep(0.1)
            status, outputs = self._describe(stack)
        if status not in DONE:
            raise UnavailableError(f"{stack} is {status}: {self._first_failure(stack)}")
        return outputs

    def _first_failure(self, stack: str) -> str:
        events: list[dict[str, Any]] = self._stacks.describe_stack_events(StackName=stack)[
            "StackEvents"
        ]
        failed = [event for event in events if str(event["ResourceStatus"]).endswith("_FAILED")]
        if not failed:
            return "no resource says why; see `bifrost logs aws`"
        first = min(failed, key=lambda event: str(event["Timestamp"]))
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason')}"

    def _delete(self, stack: str) -> None:
        self._stacks.delete_stack(StackName=stack)
        while self._describe(stack)[0].endswith("_IN_PROGRESS"):
            time.sleep(0.1)


def fingerprint_of(assembly: Assembly, parameters: Mapping[str, str]) -> str:
    """A digest of the template, its parameters and its assets."""
    keys = [asset.key for asset in assembly.assets]
    whole = json.dumps([assembly.stack, assembly.template, sorted(parameters.items()), keys])
    return hashlib.sha256(whole.encode()).hexdigest()


def fill(name: str, account: str) -> str:
    """A bucket's name with its account and region."""
    filled = name.replace("${AWS::AccountId}", account).replace("${AWS::Region}", aws.REGION)
    return filled.replace("${AWS::Partition}", "aws")
