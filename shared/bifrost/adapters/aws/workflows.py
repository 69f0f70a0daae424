"""Step Functions: workflows are started by name, so that a second start is the first one."""

import json
from typing import Any

from bifrost.adapters.aws.client import AwsCallError, AwsClient
from bifrost.core.errors import UnavailableError


class StepFunctionsWorkflows:
    """Starts Standard workflows and runs Express ones to their end.

    arns: the state machine of each workflow's name (`order_flow`).
    """

    def __init__(self, client: AwsClient, sync_client: AwsClient, arns: dict[str, str]) -> None:
        self._client = client
        self._sync_client = sync_client
        self._arns = arns

    def start(self, workflow: str, name: str, workflow_input: dict[str, Any]) -> None:
        """Start an execution called `name`; one that exists already is success."""
        body = {
            "stateMachineArn": self._arns[workflow],
            "name": name,
            "input": json.dumps(workflow_input),
        }
        try:
            self._client.call("AWSStepFunctions.StartExecution", body, version="1.0")
        except AwsCallError as error:
            # AWS answers this for another input, the local AWS for any second start.
            if error.code != "ExecutionAlreadyExists":
                raise UnavailableError(f"workflow {workflow} did not start: {error}") from error

    def run(self, workflow: str, workflow_input: dict[str, Any]) -> dict[str, Any]:
        """Run an Express workflow and return its output; raise UnavailableError if it failed."""
        body = {"stateMachineArn": self._arns[workflow], "input": json.dumps(workflow_input)}
        try:
            answer = self._sync_client.call(
                "AWSStepFunctions.StartSyncExecution", body, version="1.0"
            )
        except AwsCallError as error:
            raise UnavailableError(f"workflow {workflow} did not run: {error}") from error
        if answer.get("status") != "SUCCEEDED":
            raise UnavailableError(
                f"workflow {workflow} ended {answer.get('status')}:"
                f" {answer.get('error')} {answer.get('cause')}"
            )
        output: dict[str, Any] = json.loads(answer["output"])
        return output
