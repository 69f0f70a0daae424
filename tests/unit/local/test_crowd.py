"""A burst shares a few workers, and nobody waits for ever."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from bifrost.local.crowd import Crowd


@dataclass
class Worker:
    func_name: str = "f"
    config: dict[str, Any] = field(default_factory=dict)
    in_use: bool = True


class Pool:
    """MiniStack's way: a free worker, else a new one."""

    def __init__(self) -> None:
        self.workers: dict[str, list[Worker]] = {"f": []}
        self.lock = threading.Lock()

    def acquire(self, name: str, *_rest: Any) -> tuple[Worker, str]:
        with self.lock:
            for worker in self.workers[name]:
                if not worker.in_use:
                    worker.in_use = True
                    return worker, "reused"
            self.workers[name].append(Worker())
            return self.workers[name][-1], "spawn"

    def release(self, worker: Worker) -> None:
        with self.lock:
            worker.in_use = False


def crowd_over(pool: Pool, *, at_once: int, patience: float) -> Crowd:
    return Crowd(
        pool.acquire,
        pool.release,
        workers=pool.workers,
        key=lambda name, _config, _qualifier: name,
        at_once=at_once,
        patience_seconds=patience,
    )


def test_a_burst_of_sixty_four_shares_the_workers_that_are_allowed_at_once() -> None:
    pool = Pool()
    crowd = crowd_over(pool, at_once=4, patience=30)
    done: list[int] = []

    def invoke(number: int) -> None:
        worker, _how = crowd.acquire("f", {}, b"")
        time.sleep(0.001)
        crowd.release(worker)
        done.append(number)

    threads = [threading.Thread(target=invoke, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(done) == list(range(64))
    assert len(pool.workers["f"]) <= 4


def test_a_function_that_waits_for_itself_gets_another_worker() -> None:
    pool = Pool()
    crowd = crowd_over(pool, at_once=1, patience=0.05)

    outer, _ = crowd.acquire("f", {}, b"")
    inner, how = crowd.acquire("f", {}, b"")

    assert how == "spawn"
    assert inner is not outer


def test_a_free_worker_is_taken_at_once() -> None:
    pool = Pool()
    crowd = crowd_over(pool, at_once=1, patience=30)
    first, _ = crowd.acquire("f", {}, b"")
    crowd.release(first)

    assert crowd.acquire("f", {}, b"") == (first, "reused")
