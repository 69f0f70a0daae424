"""The market data of the desk on this machine, as numpy arrays.

from bifrost.local.market import market
aapl = market().bars("AAPL", "1d")
"""

from functools import lru_cache

from bifrost.local.place import this_stack
from bifrost.runtime.market import Market


@lru_cache
def market() -> Market:
    """Open the desk's data, read-only: one connection for the whole process, and for one thread.

    Raises UnavailableError where `bifrost up` is to be run first.
    """
    return Market(this_stack().state().database_urls["data"])
