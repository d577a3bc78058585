#!/usr/bin/env bash
# CPython: Pool.imap with chunks drops items that it has read when the source raises.
#
# Guess that fails: when the source of `imap` raises after ten items, the ten results come, and then the error.
#   `chunksize` changes the speed, not the results.
# Version: CPython 3.11.7.
# Behaviour: this holds for chunks of one item. With longer chunks, the source's error discards the chunk that was being
#   gathered: up to chunksize - 1 items were taken from the source, are never processed, and are not reported.
# Seen:
#   chunksize 1: 10 items read, 10 results, then OSError
#   chunksize 4: 10 items read, 8 results, then OSError
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import multiprocessing, sys

read = 0

def source():
    global read
    read = 0
    for number in range(10):
        read += 1
        yield number
    raise OSError("the file has ended early")

if __name__ == "__main__":
    counts = {}
    for chunk in (1, 4):
        results = []
        with multiprocessing.get_context("fork").Pool(1) as pool:
            try:
                for result in pool.imap(abs, source(), chunksize=chunk):
                    results.append(result)
            except OSError:
                print(f"chunksize {chunk}: {read} items read, {len(results)} results, then OSError")
        counts[chunk] = (read, len(results))
    sys.exit(0 if counts == {1: (10, 10), 4: (10, 8)} else 1)
PYTHON
