#!/usr/bin/env bash
# CPython: a multiprocessing.Lock whose holder was killed is lost for all other processes.
#
# Guess that fails: when a process ends, the operating system releases its locks, as it closes its files. Or at least the
# next process that locks learns of it.
# Version: CPython 3.11.7, Linux 6.18.
# The lock is a POSIX semaphore. A semaphore has no owner, so no process can learn that the holder has died. The kernel has
# robust futexes for this case, and pthread has PTHREAD_MUTEX_ROBUST; multiprocessing uses neither. A waiter with a timeout
# gives up. A waiter without one never returns.
# Seen:
#   holder: killed by signal 9
#   the lock within 2 s: not taken
#   is the holder alive: False
# Exits with another status than 0 if the behaviour changes.
set -euo pipefail

python3 - <<'PYTHON'
import multiprocessing, os, signal, sys

def hold(lock, ready):
    lock.acquire()
    ready.set()
    signal.pause()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    lock, ready = context.Lock(), context.Event()
    holder = context.Process(target=hold, args=(lock, ready))
    holder.start()
    ready.wait()
    holder.kill()
    holder.join()
    print(f"holder: killed by signal {-holder.exitcode}")
    taken = lock.acquire(timeout=2)
    print(f"the lock within 2 s: {'taken' if taken else 'not taken'}")
    print(f"is the holder alive: {holder.is_alive()}")
    sys.exit(1 if taken else 0)
PYTHON
