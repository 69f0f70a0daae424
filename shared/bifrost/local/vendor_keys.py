"""The vendors' keys of the running local stack: the same secret that the cloud's functions read."""

import json
from collections.abc import Mapping

from bifrost.local.aws import client
from bifrost.local.place import this_stack


def keep_keys(given: Mapping[str, str]) -> list[str]:
    """Keep these settings beside those that are set; return the names of all that are.

    An empty value takes one away. Raises InvalidInputError for a name that is no setting, or a
    number that is none.
    """
    from bifrost.adapters.vendors.settings import WHOLE, vendor_settings

    state = this_stack().state()
    secrets = client("secretsmanager", state.endpoint_url)
    name = state.outputs["VendorKeysName"]
    kept = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"] or "{}")
    values = {key: int(value) if key in WHOLE and value else value for key, value in given.items()}
    told = {key: value for key, value in {**kept, **values}.items() if value != ""}
    vendor_settings(json.dumps(told))
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps(told))
    return sorted(told)
