#!/usr/bin/env bash
# CPython: a waiter of threading.Condition that has timed out can eat the notify(1) that another waiter needs.
#
# Guess that fails: a `wait(timeout)` that returns False has consumed no notification, and `notify` wakes a waiting thread.
# Version: CPython 3.11.7.
# Behaviour: a waiter that timed out must take the lock before it can leave the list of waiters. While another thread holds
#   the lock, the waiter is still first on the list. `notify()` picks that waiter and counts it as woken. Its `wait` still
#   returns False, and the second waiter sleeps on. Code that checks the condition again after False (as queue.Queue does)
#   is safe. Code that gives up at False loses the wake-up.
# Seen:
#   notify(1) with one waiter timed out and one asleep
#   the first: wait(0.2) gave False
#   the second: still asleep after 1 s; the next notify wakes it
set -euo pipefail

timeout 60 "${PYTHON:-python3}" - <<'PYTHON'
import sys, threading, time

condition = threading.Condition()
answers = {}

def wait(name, timeout):
    with condition:
        answers[name] = "asleep"
        answers[name] = condition.wait(timeout)

def start(name, timeout):
    thread = threading.Thread(target=wait, args=(name, timeout), daemon=True)
    thread.start()
    while True:  # the thread lets go of the lock only when it is on the list of waiters
        with condition:
            if name in answers:
                return thread

first = start("first", 0.2)
second = start("second", None)
with condition:
    time.sleep(0.6)  # the first one's time is over, and it cannot have the lock
    print("notify(1) with one waiter timed out and one asleep")
    condition.notify(1)
first.join()
second.join(1)
lost = answers["first"] is False and answers["second"] == "asleep"
print(f"the first: wait(0.2) gave {answers['first']}")
with condition:
    condition.notify(1)
second.join(10)
woken = answers["second"] is True
print(f"the second: {'still asleep after 1 s' if lost else 'woken'}; the next notify {'wakes it' if woken else 'is lost'}")
sys.exit(0 if lost and woken else 1)
PYTHON
