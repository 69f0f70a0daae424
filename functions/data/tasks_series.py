"""Series' task: pack the months that are over, for whoever reads them."""

from bifrost.runtime.lambda_entry import Payload

# Some ten seconds of work; what is left waits for the next call, and is read row by row till then.
_MONTHS_MAX = 500


def pack_months(_: Payload) -> Payload:
    """Pack closed months, the oldest first; answer how many, and how many wait still."""
    # numpy: no other task pays for its import.
    from functions.data import wiring_series

    packed = wiring_series.chunks().pack_closed(wiring_series.now(), _MONTHS_MAX)
    return {"months_packed": packed.months, "months_waiting": packed.waiting}
