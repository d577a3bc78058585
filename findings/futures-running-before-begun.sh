#!/usr/bin/env bash
# CPython: concurrent.futures.ProcessPoolExecutor says "running" of a call that no process has begun, and cannot cancel it.
#
# Guess that fails: `Future.running()` is true while the call runs, and `cancel()` works until it has begun.
# Version: CPython 3.11.7, Linux 6.18.
# The executor moves calls into the workers' queue ahead of time: one for each worker, and one more (EXTRA_QUEUED_CALLS).
# It marks them as running at that moment. With one busy worker, the queued calls are "running" as well, and `cancel()`
# returns False, though they have not begun and may not begin for hours.
# ThreadPoolExecutor does not do so: there the worker itself marks the call.
# Seen:
#   begun: [0], running: [True, True, False, False], cancelled: [False, False, True, True]
# Exits with another status than 0 if the behaviour changes.
set -euo pipefail

python3 - <<'PYTHON'
import concurrent.futures, multiprocessing, sys, time

def work(number, begun, go):
    begun.append(number)
    go.wait()

if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        begun, go = manager.list(), manager.Event()
        with concurrent.futures.ProcessPoolExecutor(max_workers=1) as pool:
            futures = [pool.submit(work, number, begun, go) for number in range(4)]
            while len(begun) < 1:
                time.sleep(0.01)
            time.sleep(0.5)  # to let it begin more, if it would
            running = [future.running() for future in futures]
            cancelled = [future.cancel() for future in futures]
            print(f"begun: {list(begun)}, running: {running}, cancelled: {cancelled}")
            go.set()
        not_begun_but_running = [n for n in range(4) if running[n] and n != 0]
        sys.exit(0 if not_begun_but_running and not any(cancelled[n] for n in not_begun_but_running) else 1)
PYTHON
