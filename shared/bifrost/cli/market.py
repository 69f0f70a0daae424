"""Market data: stored bars played as a live feed."""

from typing import Annotated

from bifrost.cli.inputs import option
from bifrost.cli.output import AsJson, say, show_fields, show_json


def replay(
    instruments: Annotated[str, option(says="Symbols, comma-separated.")],
    first: Annotated[str, option("--from", says="First session, YYYY-MM-DD.")],
    last: Annotated[str, option("--to", says="Last session, YYYY-MM-DD.")],
    speed: Annotated[str, option(says="max, or sessions per second.")] = "max",
    as_json: AsJson = False,
) -> None:
    """Play stored bars as a live feed: they drive the venue, marks and valuations.

    Example: bifrost replay --instruments AAPL --from 2012-01-03 --to 2012-03-30
    """
    from bifrost.adapters.ids import RandomIds
    from bifrost.cli.session import connect
    from bifrost.local.desk import replay as play

    body = {
        "instruments": [symbol.strip() for symbol in instruments.split(",")],
        "from": first,
        "to": last,
        "speed": speed,
    }
    done = play(connect(), body, RandomIds().new(), progress=say)
    show_json(done) if as_json else show_fields(done)
