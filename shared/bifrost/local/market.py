"""The market data of the desk on this machine, as numpy arrays.

from bifrost.local.market import market
aapl = market().bars("AAPL", "1d")
"""

from bifrost.local.place import this_stack
from bifrost.runtime.market import Market


def market() -> Market:
    """Open the desk's data, read-only; UnavailableError where `bifrost up` is to be run first."""
    return Market(this_stack().state().database_urls["data"])
