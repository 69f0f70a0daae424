"""`cdk.json` and the local stack run this: it writes the templates of one target.

`BIFROST_TARGET` is `aws` (the default) or `local`. The templates go where the CDK says
(`CDK_OUTDIR`).
"""

import os
import tempfile
from pathlib import Path

from infra_cdk.local_target import Part, Target
from infra_cdk.node import use_bundled_node

use_bundled_node()

from aws_cdk import App, DefaultStackSynthesizer, Stack, Tags  # noqa: E402 - node starts as it is imported

from infra_cdk.stacks.desk import DeskStack  # noqa: E402 - as above
from infra_cdk.staging import ROOT, stage_code, stage_runner  # noqa: E402 - as above

ASSETS_BUCKET = "bifrost-assets"
LAYERS = ROOT / ".build" / "layers" / "arm64"
NAME = "bifrost"
FLAGS = {
    # The old way gives the log's bucket an access control list.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    # The database cannot be taken away from under the desk.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
}


def new_app(target: Target, folder: Path | None = None) -> App:
    """Return an app without stacks, writing to `folder` or to where the CDK says."""
    # CloudFormation's own validator costs a laptop 3 s CPU; the tests run it on the cloud's stacks.
    is_checked = target is Target.AWS
    return App(
        analytics_reporting=False,
        builtin_cloud_formation_validation=is_checked,
        stack_traces=is_checked,
        tree_metadata=is_checked,
        context=FLAGS,
        outdir=str(folder) if folder else None,
    )


def add_local(app: App, *, code: Path) -> None:
    """Add the desk as a laptop runs it: one template, deployable by CloudFormation calls alone."""
    DeskStack(
        app,
        NAME,
        target=Target.LOCAL,
        code=code,
        synthesizer=DefaultStackSynthesizer(
            file_assets_bucket_name=ASSETS_BUCKET,
            generate_bootstrap_version_rule=Target.LOCAL.has(Part.BOOTSTRAP),
        ),
    )


def add_aws(app: App, *, code: Path, layers: Path, runner: Path | None = None) -> None:
    """Add the desk as AWS runs it: what outlives it, the desk itself, and who watches it.

    runner: the context of the streaming ingester's container; None leaves it out.
    """
    # A laptop's synthesis must not pay for these modules.
    from infra_cdk.acknowledgements import acknowledge
    from infra_cdk.stacks.database import DatabaseStack
    from infra_cdk.stacks.watch import WatchStack

    database = DatabaseStack(app, f"{NAME}-database")
    desk = DeskStack(app, NAME, target=Target.AWS, code=code, layers=layers, proxy=database.access)
    watch = WatchStack(app, f"{NAME}-watch", desk=desk, streams=runner is not None)
    stacks: list[Stack] = [database, desk, watch]
    if runner is not None:
        from infra_cdk.stacks.streams import StreamsStack

        name = f"{NAME}-streams"
        stacks.append(StreamsStack(app, name, desk=desk, database=database.access, code=runner))
    # CloudFormation refuses tags on a proxy's target group.
    Tags.of(app).add("project", NAME, exclude_resource_types=["AWS::RDS::DBProxyTargetGroup"])
    for stack in stacks:
        acknowledge(stack)


def main() -> None:
    """Write the templates of the target that was asked for."""
    asked = os.environ.get("BIFROST_TARGET")  # noqa: TID251 - this is a program of its own
    target = Target(asked or Target.AWS)
    app = new_app(target)
    with tempfile.TemporaryDirectory() as staged, tempfile.TemporaryDirectory() as apart:
        code = stage_code(Path(staged))
        if target is Target.LOCAL:
            add_local(app, code=code)
        else:
            from layers.build import compile_for_lambda, ensure_layers, python_of_lambda

            python = python_of_lambda()
            if python is not None:
                compile_for_lambda(code, "/var/task", python)
            streams = app.node.try_get_context("streams") == "on"
            runner = stage_runner(Path(apart)) if streams else None
            add_aws(app, code=code, layers=ensure_layers(), runner=runner)
        app.synth()


if __name__ == "__main__":
    main()
