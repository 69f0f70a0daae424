"""Rooms import only what lies below them, and a task or a listener loads nothing heavy."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import grimp
import pytest

from infra_cdk.capabilities import CAPABILITIES
from tests.architecture.imports import (
    PACKAGES,
    broken_contracts,
    heavy_modules_of,
    modules_outside_the_graph,
)
from tests.architecture.project import ROOT, SOURCE_FOLDERS, name_of, sources

NAMES = [capability.name for capability in CAPABILITIES]
RUFF = [Path(sys.executable).parent / "ruff", "check", "--no-cache", "--output-format=concise"]
BANNED_ELSEWHERE = {
    "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "import os\n\nHOME = os.environ\n",
    "from uuid import uuid4\n\nID = uuid4()\n",
    "import random\n\nNUMBER = random.random()\n",
}
# Each banned API's one file; the tests may do what they like.
ONE_FILES = {
    "tests/**",
    "shared/bifrost/adapters/clock.py",
    "shared/bifrost/adapters/ids.py",
    "shared/bifrost/runtime/environment.py",
    "shared/bifrost/runtime/settings.py",
}
# These read no setting: they hand the environment on to another program, and say so on the line.
HANDED_ON = {
    "infra_cdk/app.py",
    "infra_cdk/node.py",
    "shared/bifrost/local/launcher.py",
    "shared/bifrost/local/processes.py",
}


def test_the_import_contracts_hold() -> None:
    assert broken_contracts() == ""


def test_the_import_graph_sees_every_file() -> None:
    assert modules_outside_the_graph() == []


def test_every_package_is_in_the_scope_of_every_check() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"} | {"bifrost"}

    assert set(PACKAGES) == packages
    assert set(tools["importlinter"]["root_packages"]) == packages
    assert set(tools["mypy"]["packages"]) == packages
    assert set(tools["coverage"]["run"]["source_pkgs"]) == packages
    assert packages - {"bifrost"} <= set(SOURCE_FOLDERS)
    for contract in tools["importlinter"]["contracts"]:
        assert set(contract.get("source_modules", packages)) == packages


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_opens_with_one_sentence_and_no_code(package: str) -> None:
    source = Path(str(import_module(package).__file__)).read_text()

    assert [type(node) for node in ast.parse(source).body] == [ast.Expr]


def test_core_imports_only_the_standard_library() -> None:
    graph = grimp.build_graph("bifrost", include_external_packages=True, cache_dir=None)
    imported = {
        name
        for module in graph.modules
        if module == "bifrost.core" or module.startswith("bifrost.core.")
        for name in graph.find_modules_directly_imported_by(module)
    }

    outside = {name for name in imported if not name.startswith("bifrost.core")}
    assert outside <= sys.stdlib_module_names


def test_only_schemas_and_routes_import_wire() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    wire = {name for name in graph.modules if name.split(".")[:2] == ["bifrost", "wire"]}
    importers = set().union(*map(graph.find_modules_that_directly_import, wire))

    outside = {
        name
        for name in importers - wire
        if not re.fullmatch(r"functions\.\w+\.(routes(_\w+)?|parameters)", name)
        and not re.fullmatch(r"bifrost\.\w+\.(\w+\.)?(\w+_)?schemas", name)
    }
    assert importers - wire
    assert outside == set()


def test_a_task_or_listener_loads_nothing_heavy() -> None:
    assert heavy_modules_of(*(f"functions.{name}.handler" for name in NAMES)) == {}


def test_what_a_task_is_plugged_into_loads_nothing_heavy() -> None:
    # The gateway is plugged into files alone, and is all HTTP.
    plugged = [f"functions.{name}.wiring" for name in NAMES if name != "gateway"]

    assert heavy_modules_of(*plugged) == {}


def test_what_is_heavy_is_named_for_the_first_that_loads_it() -> None:
    found = heavy_modules_of("functions.risk.handler", "pydantic", "fastapi")

    assert found.pop("fastapi") == ["fastapi", "starlette"]
    assert found == {"pydantic": ["pydantic"]}


def test_only_the_one_file_of_each_may_use_what_is_banned() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    files_of = defaultdict(set)
    for file, codes in config["per-file-ignores"].items():
        for code in codes:
            files_of[code].add(file)

    assert files_of["TID251"] == ONE_FILES
    assert files_of["TID"] == files_of["ALL"] == set()
    silenced = {name_of(path) for path in sources() if "noqa: TID251" in path.read_text()}
    assert silenced == HANDED_ON


@pytest.mark.parametrize("code", sorted(BANNED_ELSEWHERE))
def test_ruff_refuses_time_environment_ids_and_chance_elsewhere(code: str) -> None:
    done = subprocess.run(
        [*RUFF, "--stdin-filename=shared/bifrost/risk/limits.py", "-"],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "TID251" in done.stdout
