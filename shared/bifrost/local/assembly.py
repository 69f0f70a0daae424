"""The template of the local stack: synthesised by CDK, kept for as long as its sources stay.

Synthesis takes seconds (Node starts underneath) and depends on `infra_cdk` and the workflows
alone. The functions' code is staged afresh each time and put in the template's place for it, so
that a changed line of a capability is deployed without a synthesis.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bifrost.core.errors import UnavailableError
from bifrost.local import processes
from bifrost.local.home import Home
from bifrost.local.table import load

SOURCES = ("infra_cdk", "stepfunctions", "cdk.json", "pyproject.toml")
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


def synthesise(project: Path, home: Home, progress: Callable[[str], None]) -> Assembly:
    """The assembly of the project's present sources, from the cache where they allow it."""
    folder = home.cloud / digest_of(_sources(project), project)
    if not folder.exists():
        progress("synthesising the template with CDK")
        fresh = home.cloud / "new"
        shutil.rmtree(home.cloud, ignore_errors=True)
        fresh.mkdir(parents=True)
        _run_cdk(project, home, fresh)
        fresh.rename(folder)
    return with_present_code(read(folder), project, home.cloud / "code")


def with_present_code(assembly: Assembly, project: Path, staged: Path) -> Assembly:
    """The assembly with the functions' code as it is now, under a key of its own content."""
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    load(project, "infra_cdk/staging.py").stage_code(staged)
    key = f"{digest_of(sorted(staged.rglob('*')), staged)}.zip"
    template, assets = assembly.template, []
    for asset in assembly.assets:
        is_code = (asset.source / "functions").is_dir()
        assets.append(replace(asset, source=staged, key=key) if is_code else asset)
        template = template.replace(asset.key, key) if is_code else template
    return replace(assembly, template=template, assets=tuple(assets))


def digest_of(paths: list[Path], root: Path) -> str:
    """A digest of the files' names and contents, and of the interpreter that will run them."""
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        if path.is_file():
            digest.update(str(path.relative_to(root)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


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
