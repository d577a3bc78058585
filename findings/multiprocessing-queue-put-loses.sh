#!/usr/bin/env bash
# CPython: multiprocessing.Queue.put returns as usual for an item that cannot be pickled, and the item is gone
#
# Guess that fails: when `put` returns without an exception, the item is in the queue or on its way.
# Version: CPython 3.11.7.
# Behaviour: `put` only hands the item to a thread of the queue, which pickles it later. If that fails the thread prints a
#   traceback and goes on with the next item. The caller learns nothing: no exception, and items before and after it arrive.
#   (`SimpleQueue` and `Connection.send` pickle in the caller, and raise there.) So the item has to be pickled by hand first, or
#   checked, where a loss matters.
# Seen:
#   Queue: put raised nothing, then got 'after'
#   SimpleQueue: put raised PicklingError
#   and 1 traceback on standard error
set -euo pipefail

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
timeout 60 "${PYTHON:-python3}" - 2> "$errors" <<'PYTHON'
import multiprocessing, pickle, sys

unpicklable = lambda: 0

def put(queue):
    try:
        queue.put(unpicklable)
    except pickle.PicklingError:
        return "PicklingError"
    return "nothing"

queue, simple = multiprocessing.Queue(), multiprocessing.SimpleQueue()
raised = put(queue)
queue.put("after")
got = queue.get(timeout=30)
print(f"Queue: put raised {raised}, then got {got!r}")
simply = put(simple)
print(f"SimpleQueue: put raised {simply}")
sys.exit(0 if (raised, got, simply) == ("nothing", "after", "PicklingError") else 1)
PYTHON
tracebacks=$(grep -c '^Traceback' "$errors")
echo "and $tracebacks traceback on standard error"
[ "$tracebacks" = 1 ]
