"""The local stack as one thing: up, down, status, reset.

`up` is safe to repeat: each part is started only where it does not run, the template is
deployed only where it changed, after an unclean end the events that died in a queue are sent
again, and the workflows that ended with local AWS are started again at once.
"""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bifrost.core.errors import UnavailableError
from bifrost.local import aws, feed, front, postgres, processes, users
from bifrost.local.assembly import Assembly, synthesise
from bifrost.local.deploy import Deployer
from bifrost.local.home import Home, Record
from bifrost.local.table import Table, read_table

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Which stack is meant: its home, the project it runs, and servers of the user's own."""

    home: Home
    project: Path
    database_url: str | None = None
    endpoint_url: str | None = None
    port: int = aws.PORT


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack that is up, and how to reach it."""

    home: Path
    api_url: str
    endpoint_url: str
    database_url: str = field(repr=False)
    role_passwords: dict[str, str] = field(repr=False)
    outputs: dict[str, str]
    username: str
    password: str = field(repr=False)
    login: users.Login
    republished: dict[str, int]
    seconds: float

    @property
    def database_urls(self) -> dict[str, str]:
        """By schema, the connection string of its role."""
        return _role_urls(self.database_url, self.role_passwords)


class Stack:
    """The stack at one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._home = place.home

    @property
    def home(self) -> Home:
        """Where everything that it writes lives."""
        return self._home

    def table(self) -> Table:
        """The capabilities of the project that it runs."""
        return read_table(self._place.project)

    def up(self, progress: Progress) -> StackState:
        """Start what does not run, deploy what changed, and wait until every part answers."""
        began = time.monotonic()
        with self._home.lock():
            self._home.create()
            record = self._home.read()
            with aws.answering():
                return self._up(record, progress, began)

    def down(self, progress: Progress) -> None:
        """Stop everything that we started; what it knew is kept."""
        if not self._home.path.exists():
            return
        with self._home.lock():
            record = self._home.read()
            self._stop(record, progress)
            self._home.write(record)

    def reset(self, progress: Progress) -> None:
        """Stop everything and remove every file; in a server of the user's own, our schemas."""
        if not self._home.path.exists():
            return
        with self._home.lock():
            self._stop_all(progress)
            if self._place.database_url:
                from bifrost.adapters.postgres.migrate import drop_schemas

                drop_schemas(self._place.database_url, list(self.table().schemas))
            self._home.remove()
        progress("removed every file of the stack")

    def state(self) -> StackState:
        """The stack as the last `up` left it; UnavailableError when it is not up."""
        record = self._home.read()
        if not self._runs(record):
            raise UnavailableError("the stack is not up; run `bifrost up`")
        return self._describe(record, {}, 0.0)

    def token(self) -> str:
        """A valid token of the first user; kept between commands until shortly before its end."""
        with aws.answering():
            return users.token(self.state().login, self._home.token_file)

    def status(self) -> dict[str, Any]:
        """Each part and whether it runs."""
        record = self._home.read()
        endpoint_url = self._endpoint(record)
        own_aws, own_postgres = self._place.endpoint_url, self._place.database_url
        if own_aws:
            aws_answers = aws.answers(own_aws)
        else:
            aws_answers = endpoint_url is not None and aws.serves(self._home, endpoint_url)
        return {
            "home": str(self._home.path),
            "up": self._runs(record) and aws_answers,
            "postgres": _part(record.postgres, external=bool(own_postgres)),
            "aws": {**_part(record.aws, external=bool(own_aws)), "answers": aws_answers},
            "api_url": record.api_url,
            "feed_url": feed.spoken(record.outputs.get("FeedUrl", "")) or None,
            "endpoint_url": endpoint_url,
        }

    def _up(self, record: Record, progress: Progress, began: float) -> StackState:
        table = self.table()
        for schema in table.schemas:
            record.passwords.setdefault(schema, secrets.token_hex(16))
        began_anew = self._begins_anew(record)
        with ThreadPoolExecutor(max_workers=3) as pool:
            database = pool.submit(self._database_up, record, progress)
            emulator = pool.submit(self._aws_up, record, progress)
            assembly = pool.submit(self._synthesise, progress)
            database.result()
            emulator.result()
            self._deploy(record, assembly.result(), progress)
        self._first_user(record)
        self._settle(record, table, progress)
        # Not before they are ready: what is heard again would stand in the way of it.
        republished = self._republish(table, progress) if began_anew else {}
        if began_anew:
            front.run_tasks(self._endpoint_of(record), record.outputs, table.periodic)
        return self._describe(record, republished, time.monotonic() - began)

    def _begins_anew(self, record: Record) -> bool:
        """Whether what ran in our local AWS ended with it, be it well or by a kill.

        Its workflows are dead then, and what its workers had taken from a queue stays invisible
        for minutes: a clean end saves that too.
        """
        running = record.aws is not None and record.aws.is_running()
        return bool(record.outputs) and not self._place.endpoint_url and not running

    def _database_up(self, record: Record, progress: Progress) -> None:
        from bifrost.adapters.postgres import migrate

        if not self._place.database_url:
            if record.postgres is None or not record.postgres.is_running():
                progress("starting PostgreSQL")
                record.postgres = postgres.start(self._home)
                self._home.write(record)
            migrate.create_database(
                postgres.address(self._home, role="postgres", database="postgres"),
                postgres.DATABASE,
            )
        revision = migrate.migrate(self._owner_dsn(), record.passwords)
        progress(f"the database is at revision {revision}")

    def _aws_up(self, record: Record, progress: Progress) -> None:
        if self._place.endpoint_url:
            return
        if record.aws is not None and record.aws.is_running():
            return
        progress("starting local AWS")
        record.aws, record.port = aws.start(self._home, record.port or self._place.port)
        self._home.write(record)
        progress(f"local AWS answers on {aws.endpoint(record.port)}")

    def _synthesise(self, progress: Progress) -> Assembly:
        return synthesise(self._place.project, self._home, progress)

    def _deploy(self, record: Record, assembly: Assembly, progress: Progress) -> None:
        endpoint_url = self._endpoint_of(record)
        parameters = {"EndpointUrl": endpoint_url} | {
            f"{schema.capitalize()}DatabaseUrl": url
            for schema, url in _role_urls(self._owner_dsn(), record.passwords).items()
        }
        last = record.deployed
        record.deployed, record.outputs = Deployer(endpoint_url).deploy(
            assembly, parameters, last=last, progress=progress
        )
        self._home.write(record)

    def _first_user(self, record: Record) -> None:
        if "UserPoolId" not in record.outputs:
            return
        record.user.setdefault("username", users.FIRST_USER)
        record.user.setdefault("password", users.new_password())
        self._home.write(record)
        users.ensure_user(self._login(record))

    def _republish(self, table: Table, progress: Progress) -> dict[str, int]:
        from bifrost.adapters.postgres.database import Database
        from bifrost.adapters.postgres.recovery import unsend_unheard

        again = unsend_unheard(
            Database(self._owner_dsn()),
            table.publishers,
            table.listeners,
            table.filters,
            table.news,
        )
        if again:
            progress(f"{sum(again.values())} events that were not heard are sent again")
        return again

    def _settle(self, record: Record, table: Table, progress: Progress) -> None:
        """Open the front door, keep what was deployed, and wait until each capability is ready."""
        endpoint_url = self._endpoint_of(record)
        record.api_url = front.address(
            endpoint_url, record.outputs, emulated=record.aws is not None
        )
        self._home.write(record)
        if record.aws is not None:
            front.open_door(endpoint_url, record.outputs.get("ApiId", ""))
            aws.checkpoint(endpoint_url)
        if record.api_url:
            progress("waiting until every capability is ready")
            unheard = front.Unheard(endpoint_url, record.outputs)
            front.wait_ready(record.api_url, table.names, unheard, progress)

    def _stop_all(self, progress: Progress) -> None:
        """Stop what the record names; where it cannot be read, what is known by its folder."""
        try:
            self._stop(self._home.read(), progress)
        except UnavailableError as error:
            progress(f"stopping without the record: {error}")
            processes.end(processes.workers_left_behind(self._home.path))
            postgres.end_orphans(self._home)

    def _stop(self, record: Record, progress: Progress) -> None:
        if record.aws is not None and not self._place.endpoint_url:
            progress("stopping local AWS")
            aws.stop(self._home, record.aws)
            record.aws = None
        if record.postgres is not None:
            progress("stopping PostgreSQL")
            postgres.stop(record.postgres)
            postgres.end_orphans(self._home)
            record.postgres = None

    def _runs(self, record: Record) -> bool:
        has_database = bool(self._place.database_url) or (
            record.postgres is not None and record.postgres.is_running()
        )
        has_aws = bool(self._place.endpoint_url) or (
            record.aws is not None and record.aws.is_running()
        )
        return has_database and has_aws and bool(record.outputs)

    def _owner_dsn(self) -> str:
        return self._place.database_url or postgres.address(self._home, role="postgres")

    def _endpoint(self, record: Record) -> str | None:
        if self._place.endpoint_url:
            return self._place.endpoint_url
        return aws.endpoint(record.port) if record.port else None

    def _endpoint_of(self, record: Record) -> str:
        found = self._endpoint(record)
        if found is None:
            raise UnavailableError("local AWS has no address yet; run `bifrost up`")
        return found

    def _login(self, record: Record) -> users.Login:
        return users.Login(
            endpoint_url=self._endpoint_of(record),
            user_pool_id=record.outputs.get("UserPoolId", ""),
            client_id=record.outputs.get("UserPoolClientId", ""),
            username=record.user.get("username", ""),
            password=record.user.get("password", ""),
        )

    def _describe(self, record: Record, republished: dict[str, int], seconds: float) -> StackState:
        return StackState(
            home=self._home.path,
            api_url=record.api_url,
            endpoint_url=self._endpoint_of(record),
            database_url=self._owner_dsn(),
            role_passwords=record.passwords,
            outputs=record.outputs,
            username=record.user.get("username", ""),
            password=record.user.get("password", ""),
            login=self._login(record),
            republished=republished,
            seconds=round(seconds, 2),
        )


def _role_urls(dsn: str, passwords: dict[str, str]) -> dict[str, str]:
    # It takes a driver, and few commands ask.
    from bifrost.adapters.postgres.migrate import as_role

    return {schema: as_role(dsn, schema, password) for schema, password in passwords.items()}


def _part(process: Any, *, external: bool) -> dict[str, Any]:
    if external:
        return {"external": True, "running": None, "pid": None}
    running = process is not None and process.is_running()
    return {"external": False, "running": running, "pid": process.pid if running else None}
