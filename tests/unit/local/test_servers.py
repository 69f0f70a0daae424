"""Real servers: PostgreSQL and MiniStack start, stop, and come back after a kill -9."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import psycopg
import pytest

from bifrost.core.errors import UnavailableError
from bifrost.local import aws, postgres, processes
from bifrost.local.home import Home
from bifrost.local.processes import ProcessRef

PORT = 14_570


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home whose servers are gone when the test ends, however it ends."""
    made = Home(tmp_path / "home")
    made.create()
    others = set(processes._children)  # a stack that runs for other tests goes on
    yield made
    processes.end(processes.workers_left_behind(made.path))
    processes.end(processes.backends_left_behind(made.postgres_data))
    for pid in set(processes._children) - others:
        processes.collect(pid)
    made.remove()


def connect(home: Home) -> psycopg.Connection:
    """A connection as the owner."""
    return psycopg.connect(
        postgres.address(home, role="postgres", database="postgres"), autocommit=True
    )


def make_queue(port: int, name: str) -> None:
    """Make a queue on the emulator at this port."""
    queues = aws.client("sqs", aws.endpoint(port))
    queues.create_queue(QueueName=name)
    queues.close()


def queue_names(port: int) -> set[str]:
    """Names of the emulator's queues; it may have had to move to another port."""
    queues = aws.client("sqs", aws.endpoint(port))
    found = {url.rsplit("/", 1)[-1] for url in queues.list_queues()["QueueUrls"]}
    queues.close()
    return found


def kill(process: ProcessRef) -> None:
    """End it as a power cut would."""
    os.kill(process.pid, signal.SIGKILL)
    assert processes.wait_gone(process, 5)


def test_postgres_keeps_what_was_committed_over_a_kill_and_listens_on_no_port(home: Home) -> None:
    first = postgres.start(home)
    with connect(home) as connection:
        connection.execute("CREATE TABLE kept (value int)")
        connection.execute("INSERT INTO kept VALUES (42)")
        listening = psutil.Process(first.pid).net_connections(kind="tcp")

    kill(first)
    second = postgres.start(home)
    with connect(home) as connection:
        kept = connection.execute("SELECT value FROM kept").fetchone()
    postgres.stop(second)

    assert kept == (42,)
    assert listening == []
    assert home.sockets.stat().st_mode & 0o777 == 0o700
    assert processes.backends_left_behind(home.postgres_data) == []


@pytest.mark.parametrize(
    "way", [postgres.IN_A_NAMESPACE, postgres.WITH_A_CAPABILITY, postgres.AS_NOBODY]
)
def test_postgres_runs_for_root_in_each_way_that_a_machine_may_allow(
    way: postgres.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root: every other test here runs PostgreSQL as this user, the only way")
    if way.prefix and not postgres._works(way):
        pytest.skip(f"this machine forbids root {way.prefix[0]}, so `up` takes the next way here")
    monkeypatch.setattr(postgres, "way_to_run", lambda: way)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own is closed to nobody
        Path(folder).chmod(0o711)
        home = Home(Path(folder) / "home")
        home.create()

        first = postgres.start(home)
        kill(first)
        second = postgres.start(home)
        with connect(home) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        postgres.stop(second)
        home.remove()


def test_postgres_starts_over_children_that_outlived_their_server(home: Home) -> None:
    first = postgres.start(home)
    with connect(home) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        kill(first)
        assert psutil.pid_exists(backend)

        second = postgres.start(home)
        with connect(home) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)
        postgres.stop(second)


def test_postgres_starts_over_a_pid_file_whose_id_is_somebody_elses(home: Home) -> None:
    postgres.stop(postgres.start(home))
    (home.postgres_data / "postmaster.pid").write_text(f"{os.getpid()}\n{home.postgres_data}\n")

    again = postgres.start(home)
    postgres.stop(again)

    assert again.pid != os.getpid()


def test_postgres_makes_its_folder_anew_after_an_interrupted_first_start(home: Home) -> None:
    home.postgres_data.mkdir(parents=True, mode=0o700)
    (home.postgres_data / "base").mkdir()

    process = postgres.start(home)
    with connect(home) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    postgres.stop(process)


def test_postgres_that_cannot_start_says_why(home: Home) -> None:
    postgres.stop(postgres.start(home))
    (home.postgres_data / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(UnavailableError, match="no_such_setting"):
        postgres.start(home)


def test_postgres_that_is_too_slow_is_not_left_running(home: Home) -> None:
    with pytest.raises(UnavailableError, match="did not start"):
        postgres.start(home, timeout_seconds=0)

    assert processes.backends_left_behind(home.postgres_data) == []


def test_aws_keeps_resources_over_a_kill_after_a_checkpoint_and_over_a_clean_end(
    home: Home,
) -> None:
    first, port = aws.start(home, PORT)
    make_queue(port, "checkpointed")
    aws.checkpoint(aws.endpoint(port))
    kill(first)

    second, port = aws.start(home, port)
    make_queue(port, "saved-at-the-end")
    aws.stop(home, second)
    third, port = aws.start(home, port)
    names = queue_names(port)
    aws.stop(home, third)

    assert names == {"checkpointed", "saved-at-the-end"}
    assert processes.workers_left_behind(home.path) == []


def test_aws_listens_on_the_loopback_address_only(home: Home) -> None:
    process, _port = aws.start(home, PORT)
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(process.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    aws.stop(home, process)

    assert listening == ["127.0.0.1"]


def test_two_stacks_that_want_one_port_never_take_each_other_for_themselves(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, port = aws.start(home, PORT)
    other = Home(tmp_path / "other")
    other.create()
    # The port was still free when it was looked at, and is taken by the time it is opened.
    real, looks = aws.free_port, iter([port])
    monkeypatch.setattr(aws, "free_port", lambda wanted: next(looks, None) or real(wanted))

    second, other_port = aws.start(other, port)

    assert other_port != port
    assert aws.serves(home, aws.endpoint(port))
    assert aws.serves(other, aws.endpoint(other_port))
    aws.stop(other, second)
    aws.stop(home, first)


def test_a_port_that_somebody_had_for_a_moment_is_tried_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, real = aws.free_port(PORT), aws.wait_until_serving
    with aws.socket.socket() as passing:
        # Connections of stacks before it may linger on the port.
        passing.setsockopt(aws.socket.SOL_SOCKET, aws.socket.SO_REUSEADDR, 1)
        passing.bind((aws.HOST, port))
        passing.listen()
        # Free when it was looked at, taken when it was opened, and free again right after.
        monkeypatch.setattr(aws, "free_port", lambda wanted: wanted)

        def gone_then(*asked: Any) -> bool:
            serves = real(*asked)
            passing.close()
            return serves

        monkeypatch.setattr(aws, "wait_until_serving", gone_then)
        process, got = aws.start(home, port)
    aws.stop(home, process)

    assert got == port


def test_aws_that_cannot_start_says_why(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "free_port", lambda wanted: wanted)

    with aws.socket.socket() as taken:
        taken.bind((aws.HOST, 0))  # and nobody listens: who calls is refused at once
        with pytest.raises(UnavailableError, match=r"(?s)did not start.*aws\.log"):
            aws.start(home, taken.getsockname()[1])


def test_a_taken_port_gives_the_next_one() -> None:
    wanted = aws.free_port(14_800)

    with aws.socket.socket() as taken:
        taken.bind((aws.HOST, wanted))
        taken.listen()
        assert aws.free_port(wanted) > wanted


def test_a_process_is_not_taken_for_another_one_with_its_id() -> None:
    mine = psutil.Process()

    assert ProcessRef(mine.pid, mine.create_time()).is_running()
    assert not ProcessRef(mine.pid, mine.create_time() - 60).is_running()


def test_a_childs_environment_carries_no_aws_account_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    given = processes.environment(tmp_path, {"AWS_REGION": "us-east-1"})

    assert {name for name in given if name.startswith("AWS_")} == {"AWS_REGION"}
    assert given[processes.HOME_MARK] == str(tmp_path)


def test_a_process_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    stubborn = processes.start(
        ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"],
        log=tmp_path / "log",
        cwd=tmp_path,
        environ=processes.environment(tmp_path, {}),
        user=None,
    )
    while "up" not in (tmp_path / "log").read_text():
        time.sleep(0.01)

    assert not processes.stop(stubborn, how=signal.SIGTERM, timeout_seconds=0.2)
    assert not stubborn.is_running()


# Its first thread has ended, so the kernel calls it a zombie; another lets nobody collect it yet.
LINGERING = """
import ctypes, os, threading, time
threading.Thread(target=lambda: (time.sleep(0.5), os._exit(0))).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_child_is_collected_though_its_threads_end_one_by_one(tmp_path: Path) -> None:
    child = processes.start(
        [sys.executable, "-c", LINGERING],
        log=tmp_path / "log",
        cwd=tmp_path,
        environ=processes.environment(tmp_path, {}),
        user=None,
    )
    while child.is_running():
        time.sleep(0.01)

    assert processes.stop(child, how=signal.SIGTERM, timeout_seconds=5)
    assert child.pid not in processes._children
    assert not psutil.pid_exists(child.pid)
