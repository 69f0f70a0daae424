"""Findings of the rule packs that stand, each where it stands and why. Any other fails a test.

A row names a construct by its path in the stack and covers what lies below it, so that the same
finding anywhere else is still reported.
"""

from dataclasses import dataclass

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

from infra_cdk.capabilities import CAPABILITIES, FUNCTIONS
from infra_cdk.constructs.capability_function import title_of

_SOLUTIONS = "AwsSolutions::AwsSolutions-"
_SERVERLESS = "Serverless::Serverless-"
_ENI_POLICY = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"

_PUBLIC = "Probes, documentation and the answer to unknown paths are public and hold no one's data."
_RUNTIME = "CPython 3.12 is what the pinned wheels are built, hashed and tested for."
_ASYNC = "Only the scheduler calls asynchronously, and its next call does what a lost one did not."
_SOURCE = "SQS keeps what failed: the queue's own redrive policy moves it to the dead letters."
_DEAD = "It is where dead letters end; an alarm fires at the first."
_INTERFACES = "Network interfaces have no name yet when they are made, so AWS's own policy serves."
_TRACES = "X-Ray takes no resource: the two actions send segments and read nothing."
_DELIVERY = "Log delivery takes no resource, and X-Ray neither; the functions are named one by one."
_OBJECTS = "It imports whatever object arrives, from this one bucket, and may only read."
_KEYS = "The vendor makes a key and ends it; nobody here could rotate it."
_UPLOADS = "Each file has a name of its own, below the one folder that it gives addresses into."
_SOCKETS = "WebSocket APIs know no JWT authorizer: the function verifies the token of $connect."
_CLIENTS = "A client's connection has its id once it is there; this is one stage of one API."
_PUSHES = (
    "IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:"
    "<FeedApi66F9509D>/live/POST/@connections/*]"
)
_PULLS = "ECR gives a token for the whole registry or none; the image itself is named."
_SETTINGS = "Addresses and names stand in it; what is secret comes from Secrets Manager."
_SECOND_FACTOR = "Optional, so that programs can sign in; the pool blocks logins that look stolen."


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One rule that is not followed, below `path` of the stack."""

    stack: str
    path: str
    rule: str
    reason: str


def _per_function() -> list[Acknowledged]:
    rows = []
    for capability in FUNCTIONS:
        name = title_of(capability)
        rows += [
            Acknowledged("bifrost", name, _SOLUTIONS + "L1", _RUNTIME),
            Acknowledged("bifrost", name, _SERVERLESS + "LambdaLatestVersion", _RUNTIME),
            Acknowledged("bifrost", name, _SERVERLESS + "LambdaDLQ", _ASYNC),
            Acknowledged("bifrost", name, _SOLUTIONS + "IAM5[Resource::*]", _TRACES),
        ]
        if capability.schemas:
            rule = f"{_SOLUTIONS}IAM4[Policy::{_ENI_POLICY}]"
            rows.append(Acknowledged("bifrost", name, rule, _INTERFACES))
        if capability.has_queue:
            dead = f"{name}Listener/DeadLetters"
            rule = _SERVERLESS + "LambdaEventSourceMappingDestination"
            rows.append(Acknowledged("bifrost", name, rule, _SOURCE))
            rows.append(Acknowledged("bifrost", dead, _SERVERLESS + "SQSRedrivePolicy", _DEAD))
        rows += [
            Acknowledged("bifrost", f"HttpApi/{name}Route{n:02}", _SOLUTIONS + "APIG4", _PUBLIC)
            for n, route in enumerate(capability.routes)
            if route.public
        ]
    return rows


ACKNOWLEDGED: tuple[Acknowledged, ...] = (
    *_per_function(),
    Acknowledged(
        "bifrost", "Data", _SOLUTIONS + "IAM5[Resource::<DataStoreBucket9A81F2E1.Arn>/*]", _OBJECTS
    ),
    Acknowledged(
        "bifrost",
        "Data",
        _SOLUTIONS + "IAM5[Resource::<DataStoreBucket9A81F2E1.Arn>/uploads/*]",
        _UPLOADS,
    ),
    Acknowledged("bifrost", "Data", _SOLUTIONS + _PUSHES, _CLIENTS),
    *(
        Acknowledged("bifrost", f"Feed/Route{number}", _SOLUTIONS + "APIG4", _SOCKETS)
        for row in CAPABILITIES
        for number, _ in enumerate(row.sockets)
    ),
    Acknowledged("bifrost-streams", "Task/ExecutionRole", _SOLUTIONS + "IAM5[Resource::*]", _PULLS),
    Acknowledged("bifrost-streams", "Task", _SOLUTIONS + "ECS2", _SETTINGS),
    Acknowledged("bifrost", "VendorKeys", _SOLUTIONS + "SMG4", _KEYS),
    Acknowledged("bifrost", "Workflows", _SOLUTIONS + "IAM5[Resource::*]", _DELIVERY),
    Acknowledged("bifrost", "Identity", _SOLUTIONS + "COG2", _SECOND_FACTOR),
)


def acknowledge(stack: Stack) -> None:
    """Tell the rule packs which findings of this stack are known."""
    for row in ACKNOWLEDGED:
        if row.stack == stack.stack_name:
            Validations.of(_find(stack, row.path)).acknowledge(
                Acknowledgment(id=row.rule, reason=row.reason)
            )


def _find(scope: IConstruct, path: str) -> IConstruct:
    for name in path.split("/"):
        scope = scope.node.find_child(name)
    return scope
