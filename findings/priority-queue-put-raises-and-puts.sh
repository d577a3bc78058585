#!/usr/bin/env bash
# CPython: PriorityQueue.put raises, and the item is in the queue all the same, where join() does not count it.
#
# Guess that fails: a `put` that raises has put nothing.
# Version: CPython 3.11.7.
# Behaviour: items of equal priority are compared by the next element of the tuple. Two dicts cannot be compared, and `put`
#   raises TypeError, as the documentation warns. But `heappush` appends first and compares afterwards. The item stays and is
#   handed out later, but was not counted as unfinished: a consumer that calls `task_done` after each `get` gets a
#   ValueError for the last item. The `put` does not wake a waiting consumer either.
# Seen:
#   put: TypeError: '<' not supported between instances of 'dict' and 'dict'
#   items: 2, unfinished: 1
#   get: ['first', 'second']
#   task_done: ValueError: task_done() called too many times
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import queue, sys

jobs = queue.PriorityQueue()
jobs.put((1, {"job": "first"}))
try:
    jobs.put((1, {"job": "second"}))
    sys.exit("put: no error")
except TypeError as error:
    print(f"put: TypeError: {error}")
size = jobs.qsize()
print(f"items: {size}, unfinished: {jobs.unfinished_tasks}")
got = [jobs.get_nowait()[1]["job"] for _ in range(size)]
print(f"get: {got}")
told = None
try:
    for _ in got:
        jobs.task_done()
except ValueError as error:
    told = error
    print(f"task_done: ValueError: {error}")
sys.exit(0 if got == ["first", "second"] and told else 1)
PYTHON
