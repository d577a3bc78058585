"""Sends and waits as the bench asks, a line each: `send QUEUE N`, `round QUEUE N`.

Answers nanoseconds for a send; or the median and the 99th percentile of a round trip.
"""

import sys
import time

from app import add

for line in sys.stdin:
    what, queue, times = line.split()
    times = int(times)
    each = []
    start = time.perf_counter_ns()
    for n in range(times):
        before = time.perf_counter_ns()
        result = add.apply_async((n, n), queue=queue)
        if what == "round":
            result.get(timeout=60)
        each.append(time.perf_counter_ns() - before)
    if what == "send":
        print((time.perf_counter_ns() - start) / times, "-", flush=True)
    else:
        each.sort()
        print(each[times // 2], each[min(times * 99 // 100, times - 1)], flush=True)
