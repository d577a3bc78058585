#!/usr/bin/env bash
# CPython: asyncio.wait_for can swallow a cancel: cancel() returns True, and the task goes on.
#
# Guess that fails: when `task.cancel()` returns True, CancelledError is raised where the task awaits.
# Version: CPython 3.11.7 (`wait_for` was rewritten for 3.12).
# Behaviour: if the awaited future is done in the same round of the loop as the cancel, `wait_for` returns the result and
#   drops the CancelledError. So one cancel cannot stop a loop such as `while True: await wait_for(queue.get(), 1)`.
#   The same task with a bare `await` is cancelled.
# Seen:
#   await future: cancel() True, task cancelled True
#   await wait_for(future, 60): cancel() True, task cancelled False
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import asyncio, sys

async def bare(future):
    return await future

async def bounded(future):
    return await asyncio.wait_for(future, 60)

async def judge(function):
    future = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(function(future))
    await asyncio.sleep(0)  # the task waits now
    future.set_result("done")
    asked = task.cancel()
    await asyncio.wait([task])
    return asked, task.cancelled()

bare_was = asyncio.run(judge(bare))
print(f"await future: cancel() {bare_was[0]}, task cancelled {bare_was[1]}")
bounded_was = asyncio.run(judge(bounded))
print(f"await wait_for(future, 60): cancel() {bounded_was[0]}, task cancelled {bounded_was[1]}")
sys.exit(0 if bare_was == (True, True) and bounded_was == (True, False) else 1)
PYTHON
