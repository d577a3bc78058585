#!/usr/bin/env bash
# CPython's `Future.add_done_callback`: a callback that is added late overtakes those before it.
#
# Guess that fails: callbacks of a future are called in the order in which they were added, as the documentation of
#   concurrent.futures says ("Added callables are called in the order that they were added").
# Version: CPython 3.11.7 (the code is the same in 3.9 to 3.13).
# Behaviour: a callback that is added to a finished future runs at once, in the thread that adds it. The worker may still
#   be running the earlier callbacks.
# Seen: 3.11.7 [3, 1, 2]
set -euo pipefail
python="${PYTHON:-python3}"
out="$(timeout 60 "$python" - <<'PYTHON'
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

order = []
with ThreadPoolExecutor(1) as pool:
    gate, first_runs, go_on = (threading.Event() for _ in range(3))
    future = pool.submit(gate.wait)

    def first(_):
        first_runs.set()
        go_on.wait()
        order.append(1)

    future.add_done_callback(first)
    future.add_done_callback(lambda _: order.append(2))
    gate.set()
    first_runs.wait()
    future.add_done_callback(lambda _: order.append(3))
    go_on.set()
print(sys.version.split()[0], order)
PYTHON
)"
echo "$out"
[[ "$out" == *"[3, 1, 2]" ]]
