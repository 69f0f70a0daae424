"""The local AWS for tests of its own: started on a free port, its state in a temporary folder."""

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bifrost.adapters.aws.client import AwsClient
from bifrost.adapters.aws.signing import Credentials
from bifrost.local import aws
from bifrost.local.home import Home

PORT = 4720


@dataclass(slots=True)
class LocalAws:
    """Where it answers, and clients for it: ours, and boto3's to look at what ours did."""

    endpoint: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    opened: list[Any] = field(default_factory=list)

    def client(self, service: str) -> AwsClient:
        """Return our client, as a function has it."""
        keys = Credentials("test", "test")
        self.opened.append(AwsClient(service, aws.REGION, keys, endpoint=self.endpoint))
        ours: AwsClient = self.opened[-1]
        return ours

    def boto3(self, service: str) -> Any:
        """Return AWS's own client."""
        made = boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=aws.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # Synchronous executions are called at `sync-<host>`, which a loopback address has not.
            config=Config(inject_host_prefix=False, proxies={}, s3={"addressing_style": "path"}),
        )
        self.opened.append(made)
        return made

    def new_name(self) -> str:
        """Name what belongs to one test alone."""
        return f"test-{next(self.numbers)}"

    def close(self) -> None:
        """Close every client's connection."""
        for client in self.opened:
            client.close()


@contextmanager
def running_aws(folder: Path) -> Iterator[LocalAws]:
    """Start it in `folder`, and end it afterwards."""
    home = Home(folder)
    home.create()
    with warnings.catch_warnings():
        # The launcher lets go of its child on purpose: the server outlives a command.
        warnings.simplefilter("ignore", ResourceWarning)
        process, port = aws.start(home, PORT)
    local = LocalAws(aws.endpoint(port))
    try:
        yield local
    finally:
        local.close()
        aws.stop(home, process)
