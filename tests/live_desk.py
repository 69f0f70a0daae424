"""A desk of the tests' own, as its users have it: real functions, queues, workflows, database.

Everything is done from outside, by the `bifrost` command and by HTTP; only what no user is shown
(the tables, the queues) is read directly.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg.rows import dict_row

from bifrost.local import aws, users
from bifrost.local.api import Api
from bifrost.local.aws import client
from bifrost.local.demo import INSTRUMENTS
from bifrost.local.desk import decided, deposit, open_account, portfolio_of, replay
from bifrost.local.home import Home, Record
from bifrost.local.stack import Place, Stack, StackState

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("bifrost")
FIRST_PORT = 4700  # far from a developer's own stack
HIDDEN = ("BIFROST_", "DATABASE_URL", "AWS_")
SCHEMAS = ("data", "portfolio", "execution", "risk", "compliance", "venue")
# These say when the books were last compared, which happens by itself; they are no books.
LOOKS = ("comparisons", "reconciliation_round", "reconciliations")
WORKING = ("accepted", "partially_filled")
ENDED = ("filled", "cancelled", "expired", "rejected", "refused")

Json = dict[str, Any]


class LiveDesk:
    """The stack in one folder; brought up when it is first asked for, and after each kill."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self._stack = Stack(Place(home=Home(folder), project=PROJECT))
        self._api: Api | None = None
        self._reached = ("", "")
        # Kept connections would be to a server that a test kills; what costs is the client.
        self._http = httpx.Client(
            timeout=90, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._sqs: tuple[str, Any] = ("", None)

    def up(self) -> Json:
        """Bring it up, with the sample imported where it is new; return what `up` said."""
        self.choose_port()
        said: Json = self.command_json("up")
        if not self.rows("SELECT FROM data.bars LIMIT 1"):
            self.command_json("sample")
        return said

    def choose_port(self) -> None:
        """Keep away from a developer's own stack, where none was chosen yet."""
        if not self.home.exists():
            self._stack.home.create()
            self._stack.home.write(Record(port=aws.free_port(FIRST_PORT)))

    def ensure_up(self) -> None:
        """Bring it up unless it is."""
        if not (self.home.exists() and self._stack.status()["up"]):
            self.up()

    def end(self) -> None:
        """Leave neither a process nor a file."""
        if self._api is not None:
            self._api.close()
        self._http.close()
        if self._sqs[1] is not None:
            self._sqs[1].close()
        if self.home.exists():
            self.command("reset", "--yes")

    @property
    def state(self) -> StackState:
        """Its addresses, outputs and processes' secrets."""
        return self._stack.state()

    @property
    def record(self) -> Record:
        """What the stack remembers of its processes."""
        return self._stack.home.read()

    def command(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `bifrost` as a process of its own; it must end with `code`."""
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = f"bifrost {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, said
        return done

    def command_json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with --json; return the object of its last line."""
        return json.loads(self.command(*arguments, "--json", code=code).stdout.splitlines()[-1])

    def environment(self) -> dict[str, str]:
        """What a command must be given to mean this desk and no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
        if kept.pop("PYTHONDONTWRITEBYTECODE", None):
            # A command that compiles all that it imports takes three times as long.
            kept["PYTHONPYCACHEPREFIX"] = str(self.home.with_name("bytecode"))
        return {**kept, "BIFROST_HOME": str(self.home)}

    @property
    def api(self) -> Api:
        """The API as the first user."""
        wanted = (self.state.api_url, self.token())
        if self._api is None or self._reached != wanted:
            if self._api is not None:
                self._api.close()
            self._api, self._reached = Api(*wanted), wanted
        return self._api

    def token(self) -> str:
        """A token of the first user."""
        return self._stack.token()

    def call(
        self, method: str, path: str, *, token: str | None = "", key: str = "", **more: Any
    ) -> httpx.Response:
        """One raw request; token None sends none, "" the first user's."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token()}"
        if key:
            headers["Idempotency-Key"] = key
        url = path if path.startswith("http") else self.state.api_url + path
        return self._http.request(method, url, headers=headers, **more)

    def token_of(self, username: str) -> str:
        """A token of another user, in no group, made at the first call."""
        login = replace(self.state.login, username=username, password=users.new_password())
        pool = client("cognito-idp", login.endpoint_url)
        who = {"UserPoolId": login.user_pool_id, "Username": username}
        pool.admin_create_user(**who, MessageAction="SUPPRESS")
        pool.admin_set_user_password(**who, Password=login.password, Permanent=True)
        pool.close()
        return users.log_in(login)

    def account(self, cash: str = "1000000") -> str:
        """Open and fund an account that orders may name at once."""
        body = {"name": "test", "kind": "cash", "currency": "USD"}
        account_id = str(open_account(self.api, body, new_key())["account_id"])
        deposit(self.api, account_id, {"amount": cash, "currency": "USD"}, new_key())
        return account_id

    def play(self, sessions: int = 1) -> None:
        """Play the market's next sessions, and wait until every book has heard them."""
        days = self.next_sessions(sessions)
        body = {"instruments": list(INSTRUMENTS), "from": days[0], "to": days[-1], "speed": "max"}
        replay(self.api, body, new_key(), progress=lambda _line: None)
        self.settle()

    def next_sessions(self, number: int) -> list[str]:
        """The next sessions of the market, as dates."""
        at = self.api.get("/v1/venue")["occurred_at"]
        first = "2012-01-03" if at is None else at[:10]
        found = self.api.pages("/v1/sessions", number + 1, **{"from": first, "to": "2013-03-01"})
        return [s["session"] for s in found][at is not None :][:number]

    def price(self, instrument: str = "AAPL") -> Decimal:
        """The instrument's last price; a session is played where there is none yet."""
        tape = {m["instrument"]: m["price"] for m in self.api.get("/v1/venue")["tape"]}
        if instrument not in tape:
            self.play()
            return self.price(instrument)
        return Decimal(tape[instrument])

    def order(self, order_id: str) -> Json:
        """The order with its steps, once a rule or the venue has answered."""
        return decided(self.api, order_id)

    def portfolio(self, account_id: str) -> Json:
        """What the account is worth."""
        found: Json = self.api.get(f"/v1/portfolios/{portfolio_of(self.api, account_id)}")
        return found

    def breaks(self, account_id: str) -> list[Json]:
        """Where our books and the venue's differ."""
        body = {"account_id": account_id}
        found: list[Json] = self.api.post("/v1/reconciliations", body)["breaks"]
        return found

    def rows(self, sql: str, *values: object) -> list[Json]:
        """Read the database as its owner."""
        with psycopg.connect(self.state.database_url, row_factory=dict_row) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def counts(self) -> dict[str, int]:
        """How many rows each table of the desk's books and of the venue's has."""
        names = self.rows(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
            " WHERE schemaname = ANY(%s) AND tablename <> ALL(%s)",
            list(SCHEMAS),
            list(LOOKS),
        )
        each = [f"SELECT '{row['name']}' AS name, count(*) FROM {row['name']}" for row in names]
        return {row["name"]: row["count"] for row in self.rows(" UNION ALL ".join(each))}

    def run_task(self, capability: str, task: str) -> None:
        """Run a scheduled task now rather than at its next minute."""
        state = self.state
        functions = client("lambda", state.endpoint_url)
        answer = functions.invoke(
            FunctionName=state.outputs[f"{capability.capitalize()}FunctionName"],
            Payload=json.dumps({"task": task, "input": {}}),
        )
        said = answer["Payload"].read()
        functions.close()
        assert "FunctionError" not in answer, f"{capability}.{task}: {said}"

    def queues(self) -> dict[str, str]:
        """The URL of each listener's queue."""
        outputs = self.state.outputs
        return {
            name.removesuffix("DeadLetterQueueUrl").lower(): outputs[
                name.replace("DeadLetterQueueUrl", "QueueUrl")
            ]
            for name in outputs
            if name.endswith("DeadLetterQueueUrl")
        }

    def settle(self, seconds: float = 120) -> None:
        """Wait until every event that was written has been sent and heard."""

        def is_quiet() -> bool:
            # Twice: an event can move from a queue not yet asked to one that already was.
            return not (self._waiting() or self._waiting())

        wait_until("every event heard", is_quiet, self._waiting, seconds)

    def _waiting(self) -> Json:
        unsent = " UNION ALL ".join(
            f"SELECT '{name}' AS name, count(*) FROM {name}.outbox WHERE published_at IS NULL"
            for name in self._stack.table().publishers
        )
        waiting: Json = {row["name"]: row["count"] for row in self.rows(unsent)}
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        for listener, url in self.queues().items():
            asked = {"QueueUrl": url, "AttributeNames": names}
            found = self._queues_client().get_queue_attributes(**asked)["Attributes"]
            waiting[f"{listener}'s queue"] = sum(int(found[name]) for name in names)
        return {name: count for name, count in waiting.items() if count}

    def _queues_client(self) -> Any:
        """The client of the queues, one for as long as they are at one address."""
        address = self.state.endpoint_url
        if self._sqs[0] != address:
            self._sqs = (address, client("sqs", address))
        return self._sqs[1]


def new_key() -> str:
    """An Idempotency-Key that nothing has."""
    return str(uuid4())


def an_order(account_id: str, **changes: str) -> dict[str, str]:
    """The body of a market order for ten AAPL, unless told otherwise."""
    body = {
        "account_id": account_id,
        "instrument": "AAPL",
        "side": "buy",
        "type": "market",
        "quantity": "10",
        "time_in_force": "gtc",
    }
    return body | changes


def wait_until(
    what: str, is_so: Callable[[], bool], seen: Callable[[], object], seconds: float
) -> None:
    """Repeat until it is so; past the time fail with what is seen then."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; seen: {seen()}"
        time.sleep(0.2)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    """What is not the same in two mappings, by its key."""
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
