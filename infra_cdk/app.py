"""`cdk.json` and the local stack run this: it writes the templates of one target.

`BIFROST_TARGET` (or the context `target`) is `aws` or `local`; the output goes where the CDK says
(`CDK_OUTDIR`), else to `cdk.out`.
"""

import tempfile
from pathlib import Path

from infra_cdk.local_target import Part, Target
from infra_cdk.node import use_bundled_node

use_bundled_node()

from aws_cdk import App, DefaultStackSynthesizer  # noqa: E402 - starts node as it is imported

from infra_cdk.stacks.desk import DeskStack  # noqa: E402 - as above
from infra_cdk.staging import ROOT, stage_code  # noqa: E402 - as above

ASSETS_BUCKET = "bifrost-assets"
STACK_NAME = "bifrost"


def build_local(app: App, code: Path) -> None:
    """Add the desk as a laptop runs it: one template, deployable by CloudFormation calls alone."""
    DeskStack(
        app,
        STACK_NAME,
        target=Target.LOCAL,
        code=code,
        layers=code,
        synthesizer=DefaultStackSynthesizer(
            file_assets_bucket_name=ASSETS_BUCKET,
            generate_bootstrap_version_rule=Target.LOCAL.has(Part.BOOTSTRAP),
        ),
    )


def main() -> None:
    """Write the templates of the target that was asked for."""
    app = App(analytics_reporting=False)
    with tempfile.TemporaryDirectory() as staged:
        build_local(app, stage_code(Path(staged)))
        app.synth()


if __name__ == "__main__":
    main()
