#!/usr/bin/env bash
# CPython: Pool(maxtasksperchild=10) lets one process run a thousand calls: it counts chunks.
#
# Guess that fails: with `maxtasksperchild=10` a worker process runs ten calls and is then replaced, which bounds what a
#   leaking function can leak.
# Version: CPython 3.11.7.
# Behaviour: a task is an entry of the queue, and `map` puts chunks there: by default a quarter of each worker's share. A
#   longer input gives longer chunks, so the number of calls in a process has no bound. With chunksize=1 it has one.
# Seen:
#   map of 1000: one process ran up to 1000 calls
#   map of 1000, chunksize=1: one process ran up to 10 calls
set -euo pipefail

timeout 120 "${PYTHON:-python3}" - <<'PYTHON'
import collections, multiprocessing, os, sys

def process(_):
    return os.getpid()

if __name__ == "__main__":
    most = {}
    for name, arguments in (("", {}), (", chunksize=1", {"chunksize": 1})):
        with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=10) as pool:
            pids = pool.map(process, range(1000), **arguments)
        most[name] = max(collections.Counter(pids).values())
        print(f"map of 1000{name}: one process ran up to {most[name]} calls")
    sys.exit(0 if list(most.values()) == [1000, 10] else 1)
PYTHON
