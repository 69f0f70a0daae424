"""Which faults can be repaired, by which method, and how sure a repair must be."""

from enum import StrEnum

# Written with each repair: what a changed rule would decide today is another version's.
METHOD = "evidence/1"
# From this score on a repair is made without a person.
SURE = 0.7


class RepairKind(StrEnum):
    """Each fault that can be repaired; its value is what is stored and said."""

    UNIT_ERROR = "unit_error"
    SPLIT_NOT_APPLIED = "split_not_applied"
    SPLIT_APPLIED_TWICE = "split_applied_twice"
    MISSING_SPLIT = "missing_split"
    PHANTOM_SPLIT = "phantom_split"
    DIVIDEND_UNIT_ERROR = "dividend_unit_error"
    DIVIDEND_NOT_ADJUSTED = "dividend_not_adjusted"
    PHANTOM_DIVIDEND = "phantom_dividend"
    DUPLICATE_DIVIDEND = "duplicate_dividend"
    DIVIDEND_DATE = "dividend_date"
    MISSING_DIVIDEND = "missing_dividend"
    ADJUSTED_CLOSE = "adjusted_close"
    MISSING_PRICE = "missing_price"
    FROZEN_PRICE = "frozen_price"
