"""Where the stack of this command lives: beside the project it is run in, else in the user's home.

The project is the nearest folder upwards that holds this desk (its `infra_cdk`); a command run
elsewhere uses the project that the package was installed from.
"""

from functools import lru_cache
from pathlib import Path

import bifrost
from bifrost.core.errors import UnavailableError
from bifrost.local.home import Home
from bifrost.local.stack import Place, Stack
from bifrost.runtime.settings import settings

TABLE = Path("infra_cdk") / "capabilities.py"


def home_of(project: Path | None, override: Path | None) -> Path:
    """The stack's folder: BIFROST_HOME, `.bifrost` in the project, or `~/.bifrost`."""
    if override is not None:
        return override.expanduser().absolute()
    return (project or Path.home()) / ".bifrost"


def project_from(start: Path) -> Path | None:
    """The nearest folder upwards from `start` that holds the desk."""
    return next((folder for folder in (start, *start.parents) if (folder / TABLE).exists()), None)


def this_place() -> Place:
    """The place that the environment and the working folder name."""
    given = settings()
    installed = Path(bifrost.__file__).resolve()
    project = project_from(Path.cwd()) or project_from(installed)
    if project is None:
        raise UnavailableError(
            f"no folder above {Path.cwd()} holds {TABLE}; run bifrost inside the project"
        )
    return Place(
        home=Home(home_of(project, given.home)),
        project=project,
        database_url=given.database_url,
        endpoint_url=given.aws_endpoint_url,
    )


@lru_cache
def this_stack() -> Stack:
    """The stack of this command."""
    return Stack(this_place())
