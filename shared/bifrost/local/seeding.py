"""Sample data by the way that any data comes: objects in the bucket, heard and imported."""

from collections.abc import Callable

from bifrost.local.api import Api, wait_for
from bifrost.local.aws import client
from bifrost.local.sample import INSTRUMENTS, sample_objects
from bifrost.local.stack import StackState


def import_sample(api: Api, state: StackState, progress: Callable[[str], None]) -> bool:
    """Upload the sample and wait until it is stored; False where it was there already."""
    if _stored_bars(api) >= set(INSTRUMENTS):
        return False
    progress(f"importing daily bars of {', '.join(INSTRUMENTS)}")
    bucket = client("s3", state.endpoint_url)
    listing, *bars = sample_objects()
    bucket.put_object(Bucket=state.outputs["DataBucket"], Key=listing[0], Body=listing[1])
    # Bars of what is not listed are refused, so the listing goes first.
    wait_for("the listing of the sample", lambda: _listed(api) >= set(INSTRUMENTS))
    for key, content in bars:
        bucket.put_object(Bucket=state.outputs["DataBucket"], Key=key, Body=content)
    wait_for("the import of the sample", lambda: _stored_bars(api) >= set(INSTRUMENTS), seconds=60)
    return True


def _listed(api: Api) -> set[str]:
    return {item["symbol"] for item in api.get("/v1/instruments")["items"]}


def _stored_bars(api: Api) -> set[str]:
    return {item["symbol"] for item in api.get("/v1/instruments")["items"] if item["bars"]}
