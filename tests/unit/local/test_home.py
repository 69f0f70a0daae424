"""The stack's folder keeps its record private and whole, and leaves nothing when removed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import pytest

from bifrost.core.errors import InvalidInputError, UnavailableError
from bifrost.local.home import MARK, SOCKET_NAME, SOCKET_PATH_MAX, Home, Record
from bifrost.local.processes import ProcessRef
from bifrost.local.stack import Place, Stack

HOLD = """
import sys, time
from pathlib import Path
from bifrost.local.home import Home
with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = Record(
        passwords={"risk": "secret"}, port=4570, aws=ProcessRef(7, 1.5), outputs={"ApiId": "a"}
    )

    home.write(record)

    assert home.read() == record


def test_a_home_that_was_never_up_has_an_empty_record(tmp_path: Path) -> None:
    assert Home(tmp_path / "absent").read() == Record()


def test_only_the_owner_reads_the_record_and_the_folder(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()

    home.write(Record(passwords={"risk": "secret"}))

    assert (home.path / "state.json").stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700


SPOILT = ["{", "", "[]", "null", "{}", '{"postgres": 5, "aws": null}',
          '{"postgres": {"x": 1}, "aws": null}', '{"postgres": null, "aws": null, "new": 1}',
          "\udcff"]  # fmt: skip


@pytest.mark.parametrize("text", SPOILT)
def test_a_spoilt_record_names_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text, errors="surrogateescape")

    with pytest.raises(UnavailableError, match="bifrost reset"):
        Home(tmp_path).read()


def test_a_record_that_is_no_file_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()

    with pytest.raises(UnavailableError, match="bifrost reset"):
        Home(tmp_path).read()


@pytest.mark.parametrize("text", SPOILT)
def test_a_reset_needs_no_readable_record(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    (home.path / "state.json").write_text(text, errors="surrogateescape")

    Stack(Place(home=home, project=tmp_path)).reset(lambda _step: None)

    assert not home.path.exists()


@pytest.mark.parametrize("use", [Home.create, Home.remove, lambda home: home.lock().__enter__()])
def test_a_folder_that_holds_something_else_is_never_taken_for_a_stack(
    tmp_path: Path, use: Callable[[Home], object]
) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")

    with pytest.raises(InvalidInputError, match="holds files and no stack"):
        use(Home(tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_reset_of_a_folder_that_holds_something_else_removes_nothing(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()

    with pytest.raises(InvalidInputError, match="BIFROST_HOME"):
        Stack(Place(home=Home(tmp_path), project=tmp_path)).reset(lambda _step: None)

    assert (tmp_path / "src").is_dir()


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    with pytest.raises(InvalidInputError, match="is no folder"):
        Home(tmp_path / "home").create()


def test_a_reset_that_was_interrupted_can_be_repeated(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    for left in ("state.json", "logs", "aws"):
        path = home.path / left
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    (home.path / "postgres").mkdir()

    home.remove()

    assert not home.path.exists()


def test_a_stack_older_than_the_mark_is_still_ours_to_remove(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.write(Record())
    (home.path / MARK).unlink()

    home.remove()

    assert not home.path.exists()


def test_sockets_stay_inside_until_the_path_is_too_long_for_one(tmp_path: Path) -> None:
    short = Home(Path("/h"))
    room = SOCKET_PATH_MAX - len(str(Path("/") / "socket" / SOCKET_NAME)) - 1
    longest, too_long = Home(Path("/" + "h" * room)), Home(Path("/" + "h" * (room + 1)))

    assert short.sockets == Path("/h/socket")
    assert longest.sockets.parent == longest.path
    assert too_long.sockets.parent != too_long.path
    assert len(str(too_long.sockets / SOCKET_NAME)) <= SOCKET_PATH_MAX


def test_two_long_homes_do_not_share_a_socket_folder() -> None:
    one, other = Home(Path("/" + "a" * 200)), Home(Path("/" + "b" * 200))

    assert one.sockets != other.sockets


def test_removing_a_home_removes_its_short_socket_folder_too(tmp_path: Path) -> None:
    home = Home(tmp_path / ("h" * 120))
    home.create()
    home.sockets.mkdir()

    home.remove()

    assert not home.sockets.exists()
    assert not home.path.exists()


def test_a_second_command_waits_its_turn_and_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)

    with home.lock(), pytest.raises(UnavailableError, match="another bifrost command"):
        _take(home)


def test_the_lock_of_a_killed_command_is_free(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(UnavailableError, match="another bifrost command"):
            _take(home)

        holder.kill()

    with home.lock(timeout_seconds=2):
        assert holder.returncode < 0


def _take(home: Home) -> None:
    with home.lock(timeout_seconds=0.1):
        raise AssertionError("two commands hold one home")
