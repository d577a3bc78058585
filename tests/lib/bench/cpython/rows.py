"""What the bench `python` asks of CPython: each line on standard input names a row and says how many operations.

The answer is a line too: nanoseconds for an operation, nanoseconds of processor time for an operation, and the
part of their time for which the threads were ready and had no core (`-` where the system does not tell).
Threads that wait for the interpreter's lock are not ready, so that is not counted. `version 0` asks who answers.
"""

import platform
import queue
import sys
import threading
import time
from itertools import repeat


def without_a_core():
    """Nanoseconds for which this thread was ready and had no core; None where the system does not tell."""
    try:
        with open("/proc/thread-self/schedstat") as stat:
            return int(stat.read().split()[1])
    except (OSError, IndexError, ValueError):
        return None


def lap(body):
    """When the body began and ended, and how long it was without a core."""
    before = without_a_core()
    start = time.perf_counter_ns()
    body()
    end = time.perf_counter_ns()
    after = without_a_core()
    return start, end, None if before is None or after is None else after - before


def together(bodies):
    """A lap of each body in a thread of its own, from when all are there."""
    everybody = threading.Barrier(len(bodies))
    laps = []

    def run(body):
        everybody.wait()
        laps.append(lap(body))

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(laps) < len(bodies):
        sys.exit("a thread failed")
    return laps


def by_turns(first, second, times):
    """One thread that calls the two by turns."""

    def body():
        for _ in repeat(None, times):
            first()
            second()

    return [lap(body)]


def acquire_and_release(lock, times):
    return by_turns(lock.acquire, lock.release, times)


def set_and_clear(event, times):
    return by_turns(event.set, event.clear, times)


def put_and_get(items, times):
    put, get = items.put, items.get

    def body():
        for _ in repeat(None, times):
            put(1)
            get()

    return [lap(body)]


def lock_two_threads(times):
    lock = threading.Lock()

    def body():
        for _ in repeat(None, times // 2):
            with lock:
                pass

    return together([body, body])


def passes(capacity, pairs, times):
    items = queue.Queue(capacity)

    def put():
        for _ in repeat(None, times // pairs):
            items.put(1)

    def get():
        for _ in repeat(None, times // pairs):
            items.get()

    return together([put, get] * pairs)


def ping_pong(times):
    condition = threading.Condition()
    turn = 0

    def body(mine):
        def play():
            nonlocal turn
            for number in range(mine, times, 2):
                with condition:
                    while turn != number:
                        condition.wait()
                    turn += 1
                    condition.notify()

        return play

    return together([body(0), body(1)])


def barrier(times):
    barrier = threading.Barrier(2)

    def body():
        for _ in repeat(None, times):
            barrier.wait()

    return together([body, body])


def timer(times):
    def body():
        for _ in repeat(None, times):
            timer = threading.Timer(3600, print)
            timer.start()
            timer.cancel()
            timer.join()

    return [lap(body)]


ROWS = {
    "lock": lambda times: acquire_and_release(threading.Lock(), times),
    "rlock": lambda times: acquire_and_release(threading.RLock(), times),
    "semaphore": lambda times: acquire_and_release(threading.Semaphore(), times),
    "event": lambda times: set_and_clear(threading.Event(), times),
    "queue": lambda times: put_and_get(queue.Queue(), times),
    "stack": lambda times: put_and_get(queue.LifoQueue(), times),
    "priority-queue": lambda times: put_and_get(queue.PriorityQueue(), times),
    "lock-two-threads": lock_two_threads,
    "one-to-one-1": lambda times: passes(1, 1, times),
    "one-to-one-64": lambda times: passes(64, 1, times),
    "four-to-four-64": lambda times: passes(64, 4, times),
    "ping-pong": ping_pong,
    "barrier": barrier,
    "timer": timer,
}


def main():
    for line in sys.stdin:
        name, times = line.split()
        times = int(times)
        if name == "version":
            print(platform.python_implementation(), platform.python_version(), flush=True)
            continue
        cpu = time.process_time_ns()
        laps = ROWS[name](times)
        cpu = time.process_time_ns() - cpu
        start = min(start for start, _, _ in laps)
        end = max(end for _, end, _ in laps)
        waited = [waited for _, _, waited in laps]
        part = "-" if None in waited else sum(waited) / (end - start) / len(laps)
        print((end - start) / times, cpu / times, part, flush=True)


main()
