"""A spin lock in Python, of the one thing there that looks and takes at once. Run it: it checks itself."""

import threading
import time

# ANCHOR: lock
owner = {}


def lock():
    me = threading.current_thread()
    while owner.setdefault("inside", me) is not me:
        time.sleep(0)  # let others run


def unlock():
    del owner["inside"]
# ANCHOR_END: lock


balance = 0


def deposit(times):
    global balance
    for _ in range(times):
        lock()
        before = balance
        time.sleep(0)  # room for the other one
        balance = before + 1
        unlock()


if __name__ == "__main__":
    threads = [threading.Thread(target=deposit, args=[100]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balance == 200
    assert not owner
