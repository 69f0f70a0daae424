"""Layers are built without Docker for both architectures, from hashes alone, and stay small."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from infra_cdk.capabilities import CAPABILITIES, FUNCTIONS
from infra_cdk.rows import Capability
from infra_cdk.staging import stage_code
from layers.build import HERE, PLATFORMS, ensure_layers, layer_names, left_out_of
from tests.architecture.project import ROOT
from tests.infra.registries import unreachable

UNPACKED_BYTES_MAX = 60_000_000
# What Lambda allows for a function with its layers: 250 MB, which it counts in binary.
LAMBDA_BYTES_MAX = 250 * 1024**2
HOT_PATH = ("portfolio", "execution", "risk", "compliance")
NATIVE = {"arm64": b"\xb7\x00", "x86_64": b"\x3e\x00"}  # the machine's number in an ELF header


def size_of(folder: Path) -> int:
    """Sum the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _head_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(20)


def pins(text: str) -> dict[str, str]:
    """Read `name==version` lines; extras and case do not matter."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[\w,]+\])?==(\S+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


@pytest.fixture(scope="module")
def code_size(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Stage the functions' code, and return how many bytes it is."""
    return size_of(stage_code(tmp_path_factory.mktemp("code") / "code"))


@pytest.fixture(scope="module")
def sizes(built: dict[str, Path]) -> dict[str, dict[str, int]]:
    """Return how many bytes each layer is, by architecture and name."""
    return {
        architecture: {name: size_of(folder / name) for name in layer_names()}
        for architecture, folder in built.items()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every layer for every architecture."""
    folder = tmp_path_factory.mktemp("layers")
    try:
        return {name: ensure_layers(name, folder) for name in PLATFORMS}
    except subprocess.CalledProcessError as error:
        unreachable(f"no package index could be reached for the layers: {error}")


def test_the_table_names_exactly_the_layers_there_are() -> None:
    assert {name for row in FUNCTIONS for name in row.layers} == set(layer_names())


@pytest.mark.parametrize("name", layer_names())
def test_a_layer_pins_what_the_project_pins(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = pins((HERE / f"{name}.in").read_text())

    ours = pins("\n".join(project))
    assert {package: ours.get(package) for package in wanted} == wanted
    assert wanted.items() <= pins((HERE / f"{name}.txt").read_text()).items()


@pytest.mark.parametrize("name", layer_names())
def test_a_layer_is_locked_by_hashes_and_names_no_address(name: str) -> None:
    locked = (HERE / f"{name}.txt").read_text()

    assert locked.count("--hash=sha256:") >= len(pins(locked))
    assert "://" not in locked
    assert not set(left_out_of(name)) & set(pins(locked))


@pytest.mark.parametrize("architecture", PLATFORMS)
def test_compiled_parts_are_the_functions_machine_code(
    built: dict[str, Path], architecture: str
) -> None:
    heads = [_head_of(module) for module in built[architecture].rglob("*.so")]

    assert heads
    assert {head[18:20] for head in heads} == {NATIVE[architecture]}


@pytest.mark.parametrize("name", HOT_PATH)
def test_a_hot_function_with_its_layers_stays_small(
    sizes: dict[str, dict[str, int]], code_size: int, name: str
) -> None:
    (row,) = (row for row in CAPABILITIES if row.name == name)

    layers = sum(sizes["arm64"][layer] for layer in row.layers)
    assert layers + code_size <= UNPACKED_BYTES_MAX


@pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: row.name)
def test_a_function_with_its_layers_fits_what_lambda_unpacks(
    sizes: dict[str, dict[str, int]], code_size: int, row: Capability
) -> None:
    for layers in sizes.values():
        assert sum(layers[layer] for layer in row.layers) + code_size <= LAMBDA_BYTES_MAX


def test_the_functions_code_holds_no_tests_and_nothing_of_the_laptop(tmp_path: Path) -> None:
    staged = stage_code(tmp_path / "code")

    assert {path.name for path in staged.iterdir()} == {"bifrost", "functions"}
    assert not (staged / "bifrost" / "local").exists()
    assert not (staged / "bifrost" / "cli").exists()


def test_the_functions_code_holds_every_file_that_its_modules_read(tmp_path: Path) -> None:
    staged = stage_code(tmp_path / "code")

    package = ROOT / "shared"
    files = (path.relative_to(package) for path in package.rglob("*.*") if path.is_file())
    read = {path for path in files if not {"cli", "local", "migrations"} & {*path.parts}}
    sources = {path for path in read if path.suffix != ".pyc"}
    assert sources
    assert sources <= {path.relative_to(staged) for path in staged.rglob("*.*")}
