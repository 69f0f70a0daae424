"""What the desk's owner says of vendors, read from the text of one secret."""

import json
from dataclasses import fields

from bifrost.adapters.vendors.registry import VendorSettings
from bifrost.core.codec import from_json
from bifrost.core.errors import FieldProblem, InvalidInputError

# Of each field the name in the secret: `alpaca_key_id` is ALPACA_KEY_ID.
NAMES = {one.name.upper(): one for one in fields(VendorSettings)}

# Of these the value is a whole number.
WHOLE = frozenset(name for name, one in NAMES.items() if one.type is int)


def vendor_settings(text: str) -> VendorSettings:
    """Read the secret: JSON of names and values; empty is nothing said.

    Raises InvalidInputError naming each name that is none, so that a key with a slip of the pen
    is not a vendor without keys.
    """
    given = json.loads(text or "{}")
    unknown = sorted(set(given) - set(NAMES))
    if unknown:
        fix = f"the names are {', '.join(NAMES)}"
        raise InvalidInputError(*(FieldProblem(name, "is no setting", fix) for name in unknown))
    return from_json(VendorSettings, {NAMES[name].name: one for name, one in given.items()})
