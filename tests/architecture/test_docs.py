"""The documents name what exists: every command, file, capability and event in them is real."""

import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bifrost.cli.main import app
from infra_cdk.capabilities import CAPABILITIES
from tests.architecture.documents import (
    EVENTS_PAGE,
    Block,
    blocks,
    calls_of,
    events_page,
    links,
    mapped_capabilities,
    shell_blocks,
)
from tests.architecture.project import ROOT

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md")
COMMANDS = [
    command
    for block in shell_blocks("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
    for command in block.commands()
]
PAGES = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
PAGE_COMMANDS = [command for block in shell_blocks(*PAGES) for command in block.commands()]
README_WORDS = range(400, 701)
DECISION_LINES = ("Choice", "Alternatives", "Why", "Cost", "Undo")


@pytest.mark.parametrize("document", [*DOCUMENTS, *PAGES])
def test_every_link_leads_to_a_file(document: str) -> None:
    folder = (ROOT / document).parent

    assert [target for target in links(document) if not (folder / target).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_path_in_a_document_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    paths = re.findall(r"`([a-z_./-]+/[a-z_./-]*|\.ci/run)`", text)
    roots = (ROOT, ROOT / "shared/bifrost", ROOT / "shared/bifrost/adapters")

    assert [p for p in paths if not any((root / p).exists() for root in roots)] == []


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text().split()) in README_WORDS


def test_the_readme_maps_every_capability() -> None:
    assert mapped_capabilities((ROOT / "README.md").read_text()) == {c.name for c in CAPABILITIES}


def test_the_architecture_names_every_room_and_its_invariant() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "shared/bifrost").glob("*/__init__.py")}

    assert [room for room in sorted(rooms) if f"`{room}`" not in text] == []
    for paragraph in re.findall(r"^\*\*`.*?(?=^\*\*`|^Outside)", text, re.MULTILINE | re.DOTALL):
        assert "*Invariant:*" in paragraph


def test_every_decision_has_its_five_lines() -> None:
    sections = (ROOT / "DECISIONS.md").read_text().split("\n## ")[1:]

    for section in sections:
        title = section.partition("\n")[0]
        assert tuple(re.findall(r"^- \*\*(\w+):\*\*", section, re.MULTILINE)) == DECISION_LINES, (
            title
        )


def test_the_page_of_events_is_what_travels() -> None:
    assert EVENTS_PAGE.read_text() == events_page(), (
        "write it anew: uv run python -m tests.architecture.documents"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_starts_a_program_that_the_reader_has(command: str) -> None:
    words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
    programs = Path(sys.executable).parent

    assert words[0] in ("uv", "curl", "export")
    if words[0] == "uv":
        arguments = words[words.index("run") + 1 :]
        program = next(w for w in arguments if w[0] != "-" and not w[0].isdigit())
        assert (programs / program).exists()


@pytest.mark.parametrize("arguments", calls_of("bifrost", COMMANDS + PAGE_COMMANDS), ids=" ".join)
def test_every_bifrost_command_takes_its_arguments(arguments: list[str]) -> None:
    # --help is looked at after the other options, so an unknown one ends with 2 before it.
    done = CliRunner().invoke(app, [*arguments, "--help"])

    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("arguments", calls_of("pytest", COMMANDS), ids=" ".join)
def test_every_folder_that_pytest_is_given_exists(arguments: list[str]) -> None:
    assert [path for path in arguments if path[0] != "-" and not (ROOT / path).exists()] == []


def test_commands_are_read_as_a_shell_reads_them() -> None:
    text = "# a comment\none --flag \\\n  two\nthree 'with\na break'\n"

    assert Block("d", "bash", text).commands() == ["one --flag   two", "three 'with\na break'"]
    assert Block("d", "console", "$ ask\nanswer\n").commands() == ["ask"]


def test_blocks_of_other_languages_are_no_commands() -> None:
    languages = {block.language for block in blocks("README.md")}

    assert {"text", "json", "bash"} <= languages
    assert all(block.language == "bash" for block in shell_blocks("README.md"))
