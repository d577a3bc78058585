"""The mailbox in Python. Run it: it checks itself."""

import threading

# ANCHOR: mailbox
letters = 0
arrived = threading.Condition()  # with a lock of its own


def fetch():
    global letters
    with arrived:
        while letters == 0:
            arrived.wait()
        letters -= 1


def deliver():
    global letters
    with arrived:
        letters += 1
        arrived.notify()
# ANCHOR_END: mailbox


def what_the_chapter_says():
    # To notify without the lock is an error.
    try:
        arrived.notify()
    except RuntimeError:
        pass
    else:
        raise AssertionError("notified without the lock")

    # The wait with a predicate, and its result when time is up.
    with arrived:
        assert arrived.wait_for(lambda: True)
        assert not arrived.wait_for(lambda: letters > 0, timeout=0.001)

    # The default lock is reentrant, and a wait releases it altogether.
    with arrived:
        with arrived:
            other = threading.Thread(target=deliver)
            other.start()
            arrived.wait_for(lambda: letters > 0)
    other.join()
    fetch()


if __name__ == "__main__":
    reader = threading.Thread(target=lambda: [fetch() for _ in range(100)])
    reader.start()
    for _ in range(100):
        deliver()
    reader.join()
    assert letters == 0
    what_the_chapter_says()
