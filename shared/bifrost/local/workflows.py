"""The workflows of orders, as Step Functions tells of them."""

from bifrost.local.aws import answering, client
from bifrost.local.stack import StackState


def executions_of(state: StackState, order_ids: list[str]) -> int:
    """Count the executions of `order-flow` that are named by these orders."""
    states = client("stepfunctions", state.endpoint_url)
    wanted = set(order_ids)
    with answering():
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=state.outputs["OrderFlowArn"]
        )
        return sum(run["name"] in wanted for page in pages for run in page["executions"])
