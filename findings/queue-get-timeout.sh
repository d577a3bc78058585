#!/usr/bin/env bash
# CPython: multiprocessing.Queue.get(timeout) has no timeout once the first byte of an item has arrived.
#
# Guess that fails: `get(timeout=1)` returns or raises within about a second.
# Version: CPython 3.11.7, Linux 6.18.
# The timeout applies only to `poll()` of the pipe. Once there is something to read, a call without a time limit reads the
# whole item. An item longer than the pipe (64 KiB) comes in pieces. If its sender is stopped in the middle (SIGSTOP, a
# debugger, a machine that swaps), `get` waits until the sender goes on. It holds the reader's lock meanwhile, so every
# other process that calls `get` waits too.
# Seen:
#   get(timeout=0.5) took 3.2 s, until the sender went on
# Exits with another status than 0 if the behaviour changes.
set -euo pipefail

python3 - <<'PYTHON'
import multiprocessing, os, signal, sys, threading, time

def put(queue, go):
    go.wait()
    queue.put(b"x" * 50_000_000)
    queue.close()
    queue.join_thread()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue, go = context.Queue(), context.Event()
    sender = context.Process(target=put, args=(queue, go))
    sender.start()
    go.set()
    while not queue._reader.poll(0):  # the first bytes have come; the rest does not fit into the pipe
        time.sleep(0.001)
    os.kill(sender.pid, signal.SIGSTOP)
    threading.Timer(3.0, os.kill, (sender.pid, signal.SIGCONT)).start()
    begun = time.monotonic()
    queue.get(timeout=0.5)
    took = time.monotonic() - begun
    print(f"get(timeout=0.5) took {took:.1f} s, until the sender went on")
    sender.join()
    sys.exit(0 if took > 2 else 1)
PYTHON
