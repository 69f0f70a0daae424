"""Sample data by the way that any data comes: objects in the bucket, heard and imported."""

from collections.abc import Callable

from bifrost.local.api import Api, wait_for
from bifrost.local.aws import answering, client
from bifrost.local.sample import INSTRUMENTS, sample_objects
from bifrost.local.stack import StackState

_INSTRUMENTS_MAX = 10**6


def import_sample(api: Api, state: StackState, progress: Callable[[str], None]) -> bool:
    """Upload the sample and wait until it is stored; False where it was there already."""
    if _stored_bars(api) >= set(INSTRUMENTS):
        return False
    progress(f"importing daily bars of {', '.join(INSTRUMENTS)}")
    bucket = client("s3", state.endpoint_url)
    for key, content in sample_objects():
        with answering():
            bucket.put_object(Bucket=state.outputs["DataBucket"], Key=key, Body=content)
    wait_for("the import of the sample", lambda: _stored_bars(api) >= set(INSTRUMENTS), seconds=60)
    return True


def _stored_bars(api: Api) -> set[str]:
    listed = api.pages("/v1/instruments", _INSTRUMENTS_MAX)
    return {item["symbol"] for item in listed if item["bars"]}
