"""What is substantially identical to what: the same instrument, and calls on a stock to the stock.

§1091(a) names "a contract or option so to acquire" beside the stock, so a bought call of 100
shares replaces 100 shares sold at a loss. A put is an option to sell and replaces none. Two calls
that differ in strike or expiry are two securities: identity of funds, bonds and preferred stock is
a judgement on facts that no file of trades holds.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

SHARES_PER_CONTRACT = 100

# The Options Clearing Corporation's symbol, its root padded to six or not: AAPL  240119C00150000.
_OCC = re.compile(r"([A-Z][A-Z0-9.]{0,5}) *([0-9]{6})([CP])([0-9]{8})")


@dataclass(frozen=True, slots=True)
class Security:
    """An instrument as §1091 sees it.

    symbol, underlying: by today's name; the underlying is the stock that it is, or is an option
    on. shares: how many of the underlying, of today, one unit stands for. right: "" for stock, "C"
    or "P". issue: the underlying as it was traded, which a merger has ended since.
    """

    symbol: str
    underlying: str
    shares: Fraction
    right: str
    issue: str


@lru_cache(maxsize=4096)
def security_of(symbol: str) -> Security:
    """Read an instrument's symbol; a padded and an unpadded OCC symbol are one security."""
    match = _OCC.fullmatch(symbol)
    if match is None:
        return Security(symbol, symbol, Fraction(1), "", symbol)
    contract = "".join(match.groups())
    return Security(contract, match[1], Fraction(SHARES_PER_CONTRACT), match[3], match[1])


def replaces(
    bought: Security, sold: Security, *, underlying_too: bool, as_traded: bool = False
) -> bool:
    """Say whether buying one replaces the other, sold at a loss.

    underlying_too: whether a loss on a call is replaced by its stock and by other calls on it.
    as_traded: whether a merger parts the shares before it from those after it.
    """
    if bought.underlying != sold.underlying or (as_traded and bought.issue != sold.issue):
        return False
    if bought.symbol == sold.symbol:
        return True
    if bought.right == "P":
        return False
    return sold.right == "" or (underlying_too and sold.right == "C")
