"""Seats in Python. Run it: it checks itself."""

import threading

# ANCHOR: seats
seats = threading.BoundedSemaphore(2)


def dine():
    with seats:
        eat()
# ANCHOR_END: seats

eating = 0
most = 0
count = threading.Lock()


def eat():
    global eating, most
    with count:
        eating += 1
        most = max(most, eating)
    with count:
        eating -= 1


def what_the_chapter_says():
    # One too many: the bounded one notices, the other does not.
    try:
        seats.release()
    except ValueError:
        pass
    else:
        raise AssertionError("a third seat of two")
    plain = threading.Semaphore(2)
    plain.release()

    # Zero is fine to begin with, and nothing to release.
    threading.Semaphore(0)
    try:
        plain.release(0)
    except ValueError:
        pass
    else:
        raise AssertionError("released nothing")

    # One try, and a try for a while.
    none = threading.Semaphore(0)
    assert not none.acquire(blocking=False)
    assert not none.acquire(timeout=0.001)


if __name__ == "__main__":
    guests = [threading.Thread(target=dine) for _ in range(10)]
    for guest in guests:
        guest.start()
    for guest in guests:
        guest.join()
    assert most <= 2 and eating == 0
    what_the_chapter_says()
