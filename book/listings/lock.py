"""The deposit in Python. Run it: it checks itself."""

import threading

# ANCHOR: deposit
balance = 0
balance_lock = threading.Lock()


def deposit():
    global balance
    with balance_lock:
        balance += 1
# ANCHOR_END: deposit


def deposit_often():
    for _ in range(1000):
        deposit()


def what_the_chapter_says():
    # A panic, or here an exception, releases the lock and marks nothing.
    try:
        with balance_lock:
            raise ValueError
    except ValueError:
        pass
    assert not balance_lock.locked()

    # Any thread may release.
    balance_lock.acquire()
    other = threading.Thread(target=balance_lock.release)
    other.start()
    other.join()
    assert not balance_lock.locked()

    # To release a lock that nobody holds is an error.
    try:
        balance_lock.release()
    except RuntimeError:
        pass
    else:
        raise AssertionError("a free lock was released")

    # One try, and a try for a while.
    assert balance_lock.acquire(blocking=False)
    assert not balance_lock.acquire(blocking=False)
    assert not balance_lock.acquire(timeout=0.001)
    balance_lock.release()


if __name__ == "__main__":
    threads = [threading.Thread(target=deposit_often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balance == 2000
    what_the_chapter_says()
