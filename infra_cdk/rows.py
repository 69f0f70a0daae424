"""What a row of the table of capabilities may say; the table is `infra_cdk.capabilities`.

Standard library only, like the table itself.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

# A Lambda's longest life.
LONGEST_SECONDS = 900
_LONG = "_long"


class Workflow(StrEnum):
    """State machines by their deployed name; each is a file in `stepfunctions/`."""

    ORDER_FLOW = "order-flow"
    ORDER_PREVIEW = "order-preview"
    WITHDRAWAL_FLOW = "withdrawal-flow"
    RECONCILE = "reconcile"
    REPLAY = "replay"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True)
class Route:
    """One way in by HTTP; `public` routes need no token."""

    method: str
    path: str
    public: bool = False

    @property
    def key(self) -> str:
        """API Gateway's name of the route; `$default` is what no other route takes."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task called by the clock; `expression` is EventBridge Scheduler's, in `timezone`.

    patient: it waits until something counts as dead, and takes `patience_seconds`: 0 says that
        every workflow is known to have died.
    """

    task: str
    expression: str
    timezone: str = "UTC"
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Only:
    """Of a detail type a listener hears those alone whose field has one of the values."""

    detail_type: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """A second function of a capability, behind a queue of its own: work that is sent to it.

    layers: what it has beside the capability's first, `backbone`. at_once: so many run beside each
        other, and no more.
    """

    name: str
    layers: tuple[str, ...]
    memory_mb: int
    timeout_seconds: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Capability:
    """One Lambda: how it is called, how large it is, and what it may touch.

    listens_to: detail types on the desk's bus.
    hears_only: of some of them, which: the bus keeps the others from its queue.
    news_hours: what it hears is news, and after so long nobody need be told; 0: it never ages.
    hears_objects: new objects in the data bucket arrive at its queue.
    schemas: database schemas; each has a role `bifrost_<schema>` and a connection of its own.
    starts: workflows that it may start.
    publishes: it puts events on the bus.
    takes_uploads: it gives out addresses by which files come into the bucket, under `uploads/`.
    long_tasks: tasks of its workflows and schedules that may take as long as a Lambda lives. They
        have a function of their own, `<name>_long`: the queue's messages would else stay invisible
        for six times as long.
    sockets: routes of the WebSocket feed that it answers; it may then push to its clients.
    worker: what it sends work to; `<name>_<worker>` is that function's name.
    at_once: of a worker's row: how many may run; 0 is no worker.
    reads_vendor_keys: the secret in which the desk's owner keeps the vendors' keys.
    """

    name: str
    routes: tuple[Route, ...] = ()
    listens_to: tuple[str, ...] = ()
    hears_only: tuple[Only, ...] = ()
    news_hours: int = 0
    hears_objects: bool = False
    schedules: tuple[Schedule, ...] = ()
    schemas: tuple[str, ...] = ()
    starts: tuple[Workflow, ...] = ()
    publishes: bool = False
    reads_bucket: bool = False
    takes_uploads: bool = False
    sockets: tuple[str, ...] = ()
    layers: tuple[str, ...] = ("backbone", "http")
    memory_mb: int = 512
    timeout_seconds: int = 30
    long_tasks: tuple[str, ...] = ()
    worker: Worker | None = None
    at_once: int = 0
    reads_vendor_keys: bool = False
    of: str = ""

    @property
    def folder(self) -> str:
        """Its folder in `functions/`; a second function's is its capability's."""
        return self.of or self.name

    @property
    def long(self) -> "Capability | None":
        """The function for its long tasks: the same code and database, and no other way in."""
        if not self.long_tasks:
            return None
        return replace(
            self,
            name=self.name + _LONG,
            of=self.name,
            worker=None,
            routes=(),
            sockets=(),
            listens_to=(),
            hears_only=(),
            hears_objects=False,
            schedules=(),
            starts=(),
            timeout_seconds=LONGEST_SECONDS,
            long_tasks=(),
        )

    @property
    def working(self) -> "Capability | None":
        """The function that works for it: the same code and database, and its queue as way in."""
        if self.worker is None:
            return None
        return replace(
            self,
            name=f"{self.name}_{self.worker.name}",
            of=self.name,
            layers=("backbone", *self.worker.layers),
            memory_mb=self.worker.memory_mb,
            timeout_seconds=self.worker.timeout_seconds,
            at_once=self.worker.at_once,
            routes=(),
            sockets=(),
            listens_to=(),
            hears_only=(),
            hears_objects=False,
            reads_bucket=False,
            takes_uploads=False,
            schedules=(),
            starts=(),
            long_tasks=(),
        )

    def runs(self, task: str) -> str:
        """Name the function that a task of its schedules is for."""
        return self.name + _LONG if task in self.long_tasks else self.name

    @property
    def has_queue(self) -> bool:
        """Something is delivered to it."""
        return bool(self.listens_to) or self.hears_objects or bool(self.at_once)
