"""CPU time of a client and of the server's process that works for it, together."""

import time

import psutil  # type: ignore[import-untyped]  # it ships no types


class Meter:
    """Reads what this process and one of the server's have used."""

    def __init__(self, server_process: int) -> None:
        self._server = psutil.Process(server_process)

    def __call__(self) -> float:
        """Return seconds; the server's come in hundredths, so measure many calls at once."""
        used = self._server.cpu_times()
        return time.process_time() + float(used.user) + float(used.system)
