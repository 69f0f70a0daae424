"""Reasons in words: a rule answers with values, and here the edge makes the sentence."""

from decimal import Decimal
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.decisions import Reason

_SENTENCES = {
    "order_notional": "the order's notional {value} {unit} is over the limit of {limit} {unit}",
    "order_quantity": "the order's quantity {value} is over the limit of {limit} {unit}",
    "position": "the position would be {value} {unit}, over the limit of {limit} {unit}",
    "short_sale": "the sale of {value} is more than the {limit} {unit} this account holds free",
    "buying_power": "{value} {unit} is needed and {limit} {unit} is free",
    "cash": "{value} {unit} is needed and {limit} {unit} is there",
    "no_credit": "{value} {unit} is charged, {limit} {unit} is there, and an account of kind"
    " {subject} may owe nothing: deposit first, or import the statement that charges it",
    "price_collar": "the price {value} is beyond {limit}, the farthest from the market it may be",
    "no_market_price": "no market price of {subject} is known yet, so its cost cannot be checked",
    "stale_mark": "the last market price is of {subject}, {value} {unit} before the order:"
    " it may be {limit} {unit} old",
    "mark_before_action": "the last market price is of shares from before the corporate action of"
    " {subject}; the next price ends this",
    "corporate_action": "corporate action {subject} changed these shares after the order was"
    " placed: place it anew on their terms",
    "restricted_list": "{subject} is on the restricted list",
    "instrument_unresolved": "an earlier order in {subject} has no known outcome yet",
    "order_not_open": "it is {subject} already",
    "instrument_not_listed": "{subject} is not listed",
    "quantity_sanity": "the quantity {value} can only be a mistake: no order has over {limit}",
    "price_sanity": "the price {value} can only be a mistake: the market is far from it",
    "lot_size": "the quantity {value} is not a multiple of the lot of {limit} {unit}",
    "tick_size": "the price {value} is not a multiple of the tick of {limit} {unit}",
    "kill_switch": "the kill switch stands at {subject}",
    "gate_notional": "its notional {value} {unit} is over {limit} {unit}, the most that may leave",
    "gate_rate": "it would be order {value} of this account in a minute; {limit} may leave",
    "gate_limits_absent": "the last gate has no limits in force, and nothing leaves without them",
    "released": "its reservation was given back before it was judged",
    "ended": "it had ended before it was judged",
    "posting_failed": "{subject} could not post it, so nothing was moved",
    "workflow_failed": "its checks never came to an end, nor after {limit} {unit}: it was not sent",
    "check_unavailable": "the check by {subject} did not answer, and unchecked orders do not leave",
}


def sentence(reason: Reason) -> str:
    """Say what was broken and, where the rule knows an amount, what would still have passed."""
    template = _SENTENCES.get(reason.rule, "the rule {rule} was broken: {value} against {limit}")
    said = template.format(
        rule=reason.rule,
        value=_plain(reason.value),
        limit=_plain(reason.limit),
        unit=reason.unit,
        subject=reason.subject or "the instrument",
    )
    if reason.headroom is not None and reason.headroom > 0:
        said += f"; up to {_plain(reason.headroom)} {reason.unit} would pass"
    return " ".join(said.split())


def reason_json(reason: Reason) -> dict[str, Any]:
    """Return the reason's values and its sentence, as the API shows it."""
    shown: dict[str, Any] = to_json(reason)
    return {**shown, "message": sentence(reason)}


def _plain(number: Decimal | None) -> str:
    return "unknown" if number is None else f"{number.normalize():f}"
