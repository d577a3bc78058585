"""What the bench `processes` asks of CPython's `multiprocessing`: a line on standard input names a row and says how
many operations, and the answer is nanoseconds for an operation. `version 0` asks who answers.
"""

import multiprocessing
import platform
import sys
import time


def square(x):
    return x * x


def take(queue, times):
    for _ in range(times):
        queue.get()


def queue(times):
    """Items for another process, until it has them all."""
    queue = FORK.Queue(1024)
    getter = FORK.Process(target=take, args=(queue, times))
    getter.start()
    start = time.perf_counter_ns()
    for x in range(times):
        queue.put(x)
    getter.join()
    return time.perf_counter_ns() - start


def begin(times):
    """Processes that make one call, one after the other. Their results would need a queue."""
    start = time.perf_counter_ns()
    for x in range(times):
        process = FORK.Process(target=square, args=(x,))
        process.start()
        process.join()
    return time.perf_counter_ns() - start


def timed(body):
    start = time.perf_counter_ns()
    body()
    return time.perf_counter_ns() - start


def apply(times):
    for x in range(times):
        POOL.apply(square, (x,))


ROWS = {
    "imap": lambda times: timed(lambda: sum(POOL.imap(square, range(times)))),
    "imap100": lambda times: timed(lambda: sum(POOL.imap(square, range(times), 100))),
    "apply": lambda times: timed(lambda: apply(times)),
    "queue": queue,
    "start": begin,
}

FORK = multiprocessing.get_context("fork")
POOL = FORK.Pool(2)
POOL.map(square, range(100))

for line in sys.stdin:
    name, times = line.split()
    if name == "version":
        print(platform.python_implementation(), platform.python_version(), flush=True)
    else:
        print(ROWS[name](int(times)) / int(times), "-", "-", flush=True)
POOL.terminate()
