#!/usr/bin/env bash
# CPython: multiprocessing.Event.set() blocks until each process that waits has run.
#
# Guess that fails: `set` wakes the waiters and returns, as threading.Event does; it never waits for any of them.
# Version: CPython 3.11.7, Linux 6.18.
# Behaviour: the event has a condition inside. Its `notify_all` waits for an answer from each sleeper that it has woken, and
#   holds the condition's lock meanwhile. A waiter that is stopped (SIGSTOP, a debugger, a machine that swaps) blocks the
#   process that calls `set`, and with it every process that calls `set`, `clear`, `is_set` or `wait`.
# Seen:
#   set() took 3.1 s, until the waiter went on
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import multiprocessing, os, signal, sys, threading, time

def wait(event):
    event.wait()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    event = context.Event()
    waiter = context.Process(target=wait, args=(event,))
    waiter.start()
    while event._cond._sleeping_count.get_value() == 0:  # it has not begun to wait
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(waiter.pid, signal.SIGSTOP)
    threading.Timer(3.0, os.kill, (waiter.pid, signal.SIGCONT)).start()
    begun = time.monotonic()
    event.set()
    took = time.monotonic() - begun
    print(f"set() took {took:.1f} s, until the waiter went on")
    waiter.join()
    sys.exit(0 if took > 2 else 1)
PYTHON
