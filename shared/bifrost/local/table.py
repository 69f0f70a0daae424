"""The table of capabilities, read from the project that is being run.

`infra_cdk` is beside the package, not in it, and its table is standard library only: it is
loaded by its path, so that the stack deploys and recovers exactly what the table says.
"""

import importlib.util
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import ModuleType

from bifrost.core.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class Table:
    """What the local stack needs to know of it.

    filters: by listener, (detail type, field, values) of what it hears some of alone.
    news: by listener, for how long what it hears is worth telling; who is not there: for ever.
    periodic: (capability, task, input) of what runs every few minutes, with the input that says
        that every workflow is known to have died.
    """

    names: tuple[str, ...]
    schemas: tuple[str, ...]
    publishers: tuple[str, ...]
    listeners: dict[str, tuple[str, ...]]
    filters: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]]
    news: dict[str, timedelta]
    periodic: tuple[tuple[str, str, dict[str, int]], ...]


@cache
def read_table(project: Path) -> Table:
    """Read the table of the project in this folder."""
    rows = load(project, "infra_cdk/capabilities.py").CAPABILITIES
    return Table(
        names=tuple(row.name for row in rows),
        schemas=tuple(schema for row in rows for schema in row.schemas),
        publishers=tuple(row.name for row in rows if row.publishes),
        listeners={row.name: tuple(row.listens_to) for row in rows if row.listens_to},
        filters={
            row.name: tuple((one.detail_type, one.field, one.values) for one in row.hears_only)
            for row in rows
            if row.hears_only
        },
        news={row.name: timedelta(hours=row.news_hours) for row in rows if row.news_hours},
        periodic=tuple(
            (row.name, schedule.task, {"patience_seconds": 0} if schedule.patient else {})
            for row in rows
            for schedule in row.schedules
            if schedule.expression.startswith("rate(")
        ),
    )


@cache
def load(project: Path, file: str) -> ModuleType:
    """Import one file of the project by its path."""
    path = project / file
    name = f"bifrost_project_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise UnavailableError(
            f"{path} is not there; run bifrost inside the project's folder, or clone it first"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    sys.path.insert(0, str(project))  # what the file imports stands beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(project))
    return module
