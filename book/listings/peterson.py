"""Peterson's lock in Python. Run it: it checks itself."""

import threading
import time

# ANCHOR: calls
wants = [False, False]
first = 0


def lock(me):
    global first
    other = 1 - me
    wants[me] = True
    first = other  # after you
    while wants[other] and first == other:
        time.sleep(0)  # let the other one go on


def unlock(me):
    wants[me] = False
# ANCHOR_END: calls


balance = 0


def deposit(me):
    global balance
    for _ in range(100):
        lock(me)
        before = balance
        time.sleep(0)  # room for the other one
        balance = before + 1
        unlock(me)


if __name__ == "__main__":
    threads = [threading.Thread(target=deposit, args=[me]) for me in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balance == 200
