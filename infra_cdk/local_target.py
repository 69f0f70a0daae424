"""What the local target leaves out of the cloud: this list, with reasons, and nothing else.

Everything not named here is deployed on a laptop exactly as on AWS, from the same stacks.
"""

from enum import StrEnum


class Part(StrEnum):
    """What a target may leave out."""

    DATABASE = "VPC, Aurora PostgreSQL and RDS Proxy"
    LAYERS = "Lambda layers"
    AUTHORIZER = "the HTTP API's JWT authorizer"
    ACCESS_LOGS = "access logs of the API and of the bucket"
    ARCHIVE = "the bus's archive"
    TRACING = "X-Ray tracing and the workflows' own logs"
    WATCH = "alarms and the dashboard"
    STREAMS = "the streaming ingester's Fargate service"
    BOOTSTRAP = "the CDK bootstrap version check"


OMITTED: dict[Part, str] = {
    Part.DATABASE: "PostgreSQL runs as a process; its URLs are parameters of the template.",
    Part.LAYERS: "Functions run under the project's own interpreter, which has the packages.",
    Part.AUTHORIZER: "The application verifies each token itself where none stands in front; a"
    " refused one is answered with problem+json, the authorizer's with a body of its own.",
    Part.ACCESS_LOGS: "Nobody but the one user calls; the function's log has every request.",
    Part.ARCHIVE: "The local CloudFormation has no such resource; the outboxes keep every event.",
    Part.TRACING: "There is no X-Ray, and a workflow's history is kept by Step Functions itself.",
    Part.WATCH: "Nobody is paged by a laptop; `bifrost status` shows the same numbers.",
    Part.STREAMS: "There is no ECS; `bifrost runner --streams` is the same program, as a process.",
    Part.BOOTSTRAP: "No `cdk bootstrap` has run: the deployer makes the assets' bucket itself.",
}


class Target(StrEnum):
    """Where the template will be deployed."""

    AWS = "aws"
    LOCAL = "local"

    def has(self, part: Part) -> bool:
        """Whether this target deploys the part."""
        return self is Target.AWS or part not in OMITTED
