"""Bash completes the command's words once `bifrost --install-completion` was run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
BASH = shutil.which("bash")

# What bash does at a press of the tab key, with the words typed so far.
PRESS_TAB = """
source "$HOME/.bashrc"
completion=$(complete -p bifrost | sed 's/.*-F \\([^ ]*\\).*/\\1/')
COMP_WORDS=(bifrost {words}); COMP_CWORD={place}
"$completion" bifrost "${{COMP_WORDS[$COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's home in which the completion is installed, from a bash of theirs."""
    if BASH is None:
        pytest.skip("there is no bash on this machine")
    made = tmp_path_factory.mktemp("home")
    said = bash("bifrost --install-completion && true", made)
    assert "bash completion installed" in said
    return made


def bash(script: str, home: Path) -> str:
    environment = {"HOME": str(home), "PATH": f"{PROGRAMS}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    assert BASH is not None
    done = subprocess.run(
        [BASH, "--norc", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("or", {"orders"}),
        ("de", {"demo", "deposit"}),
        ("orders ''", {"place", "preview", "list", "show", "cancel"}),
        ("orders place --ti", {"--tif"}),
        ("kill-switch s", {"show", "set"}),
    ],
)
def test_a_press_of_tab_completes_commands_and_options(
    home: Path, words: str, completed: set[str]
) -> None:
    script = PRESS_TAB.format(words=words, place=len(words.split()))

    assert set(bash(script, home).split()) == completed
