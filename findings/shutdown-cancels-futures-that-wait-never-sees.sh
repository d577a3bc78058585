#!/usr/bin/env bash
# CPython: a future that `shutdown(cancel_futures=True)` cancelled is done(), but wait() and as_completed() never see it done.
#
# Guess that fails: for a future with `done() == True`, `wait([future])` and `as_completed([future])` return at once.
# Version: CPython 3.11.7.
# Behaviour: `cancel()` sets the state CANCELLED. `wait` and `as_completed` count only CANCELLED_AND_NOTIFIED and FINISHED, and
#   it is the worker that takes the future from the queue that goes from the one to the other. `shutdown(cancel_futures=True)`
#   takes the futures out of the queue itself and cancels them, so no worker ever comes to them: without a timeout both
#   functions wait without end, also long after the pool has ended. `result()` raises CancelledError, as it should.
# Seen:
#   done() is True, result() raises CancelledError
#   wait(timeout=0.5): 0 done, 1 not done
#   as_completed(timeout=0.5): TimeoutError
#   when every worker has ended, wait(timeout=0.5): 0 done, 1 not done
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import sys, threading
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed, wait

pool = ThreadPoolExecutor(1)
began, gate = threading.Event(), threading.Event()
running = pool.submit(lambda: (began.set(), gate.wait()))
began.wait()
queued = pool.submit(print, "never printed")
pool.shutdown(wait=False, cancel_futures=True)

try:
    queued.result(timeout=0.5)
    outcome = "returns"
except CancelledError:
    outcome = "raises CancelledError"
print(f"done() is {queued.done()}, result() {outcome}")
done, not_done = wait([queued], timeout=0.5)
unseen = len(not_done)
print(f"wait(timeout=0.5): {len(done)} done, {len(not_done)} not done")
try:
    answer = f"{len(list(as_completed([queued], timeout=0.5)))} future"
except TimeoutError:
    answer = "TimeoutError"
print(f"as_completed(timeout=0.5): {answer}")
gate.set()
pool.shutdown(wait=True)
done, not_done = wait([queued], timeout=0.5)
print(f"when every worker has ended, wait(timeout=0.5): {len(done)} done, {len(not_done)} not done")
surprise = queued.done() and unseen == 1 and answer == "TimeoutError" and len(not_done) == 1
sys.exit(0 if surprise else 1)
PYTHON
