#!/usr/bin/env bash
# CPython: Pool.imap reads its source to the end, however slowly its results are taken.
#
# Guess that fails: `imap` is the lazy `map` (its documentation says "A lazier version of the map() method"): it reads the
#   source as results are asked for, so a source of any length fits into memory.
# Version: CPython 3.11.7.
# Behaviour: a thread of the pool reads the source at the pace of the workers, and does not slow down when the caller takes
#   no results. The results pile up in the caller's memory. An endless source fills it, and no argument sets a limit.
# Seen:
#   results taken: 1, items read from the source: 100000 of 100000
set -euo pipefail

timeout 120 "${PYTHON:-python3}" - <<'PYTHON'
import multiprocessing, sys, threading

LENGTH = 100_000
read = 0
ended = threading.Event()

def source():
    global read
    for number in range(LENGTH):
        read += 1
        yield number
    ended.set()

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        results = pool.imap(abs, source())
        next(results)
        ended.wait(60)
        print(f"results taken: 1, items read from the source: {read} of {LENGTH}")
    sys.exit(0 if read == LENGTH else 1)
PYTHON
