"""AWS on this machine: MiniStack on a loopback port, its whole state under the stack's home.

`AWS_ENDPOINT_URL` set means that endpoint instead (a LocalStack that the user runs, or AWS):
then nothing is started here, and nothing stopped.
"""

import http.client
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bifrost.core.errors import UnavailableError
from bifrost.local import processes
from bifrost.local.home import Home
from bifrost.local.launcher import CHECKPOINT_PATH, HOME_PATH, LOG_FOLDER
from bifrost.local.processes import ProcessRef

HOST = "127.0.0.1"
PORT = 4570
REGION = "us-east-1"
HEALTH_PATH = "/_ministack/health"
PORTS_TRIED_MAX = 5


def free_port(wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on."""
    for port in range(wanted, min(wanted + 200, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise UnavailableError(f"no free port from {wanted} on {HOST}; free one and try again")


def endpoint(port: int) -> str:
    """The emulator's address."""
    return f"http://{HOST}:{port}"


def start(home: Home, wanted: int) -> tuple[ProcessRef, int]:
    """Start MiniStack on the wanted port or the next free one, and wait until it answers.

    A port that is free when it is looked at may be taken a moment later by another stack.
    """
    processes.end(processes.workers_left_behind(home.path))
    log, said, port = home.logs / "aws.log", "", wanted
    for _ in range(PORTS_TRIED_MAX):
        port = free_port(port)
        process = launch(home, port)
        if wait_until_serving(home, process, port):
            return process, port
        said = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        # Who had it may be gone again: MiniStack's own words are asked, too.
        if free_port(port) == port and f":{port} is already in use" not in said:
            break  # nobody took it: it ended for another reason
    raise UnavailableError(f"MiniStack did not start:\n{said}\n(from {log})")


def launch(home: Home, port: int) -> ProcessRef:
    """Start MiniStack's process; returns before it answers."""
    temporary = home.aws / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700, parents=True)
    return processes.start(
        [sys.executable, "-m", "bifrost.local.launcher"],
        log=home.logs / "aws.log",
        cwd=home.aws,
        environ=processes.environment(home.path, _settings(home, port)),
        user=None,
    )


def stop(home: Home, process: ProcessRef) -> None:
    """Ask it to save and end; its workers end with it."""
    processes.stop(process, how=signal.SIGTERM, timeout_seconds=20)
    processes.end(processes.workers_left_behind(home.path))


def wait_until_serving(
    home: Home, process: ProcessRef, port: int, timeout_seconds: float = 30
) -> bool:
    """True once it answers for this very home; False when it ended or never answered."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if serves(home, endpoint(port)):
            return True
        if not process.is_running():
            processes.collect(process.pid)
            return False
        time.sleep(0.02)
    return False


def serves(home: Home, endpoint_url: str) -> bool:
    """Whether the emulator at this address is the one of this home."""
    try:
        status, said = _call(endpoint_url, "GET", HOME_PATH, timeout_seconds=5)
    except (OSError, http.client.HTTPException):
        return False
    return status == 200 and said == str(home.aws).encode()


def answers(endpoint_url: str) -> bool:
    """Whether an emulator of the user's own answers at this address."""
    try:
        return _call(endpoint_url, "GET", HEALTH_PATH, timeout_seconds=5)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def checkpoint(endpoint_url: str) -> None:
    """Have the emulator save its state now."""
    if _call(endpoint_url, "POST", CHECKPOINT_PATH, timeout_seconds=60)[0] != 204:
        raise UnavailableError(f"{endpoint_url} could not save its state; see `bifrost logs aws`")


@contextmanager
def answering() -> Iterator[None]:
    """Turn a call that AWS did not answer into UnavailableError, which names the next step."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (BotoCoreError, OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"AWS stopped answering ({error}); run `bifrost up`, and see `bifrost logs aws`"
        ) from error


def client(service: str, endpoint_url: str) -> Any:
    """A boto3 client for the stack; the caller's own AWS profile is used for AWS itself alone."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"max_attempts": 1},
        proxies={} if is_emulated(endpoint_url) else None,
        s3={"addressing_style": "path"},
    )
    session = boto3.session.Session(**_keys(endpoint_url))
    return session.client(service, endpoint_url=endpoint_url, config=config)


def is_emulated(endpoint_url: str) -> bool:
    """Whether something else than AWS itself answers there."""
    return not (urlsplit(endpoint_url).hostname or "").endswith("amazonaws.com")


def _keys(endpoint_url: str) -> dict[str, str]:
    if not is_emulated(endpoint_url):
        return {}
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return {**keys, "region_name": REGION}


def _call(endpoint_url: str, method: str, path: str, timeout_seconds: float) -> tuple[int, bytes]:
    address = urlsplit(endpoint_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.netloc, timeout=timeout_seconds)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _settings(home: Home, port: int) -> dict[str, str]:
    return {
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        # The launcher makes a burst wait; MiniStack would refuse what exceeds its memory estimate.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.aws / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.aws / "s3"),
        "TMPDIR": str(home.aws / "tmp"),
        LOG_FOLDER: str(home.logs),
        # Neither Docker nor further listeners: everything runs in this process and its workers.
        "DOCKER_HOST": f"unix://{home.aws / 'no-docker'}",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
