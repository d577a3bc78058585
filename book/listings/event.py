"""An answer and an event in Python. Run it: it checks itself."""

import threading

# ANCHOR: answer
answer = None
ready = threading.Event()


def think():
    global answer
    answer = 42
    ready.set()


def read():
    ready.wait()
    return answer
# ANCHOR_END: answer


def what_the_chapter_says():
    # `wait` says whether it was set, and `is_set` asks.
    assert ready.wait() and ready.is_set()
    ready.clear()
    assert not ready.wait(timeout=0.001)

    # To set twice is to set.
    ready.set()
    ready.set()
    ready.clear()
    assert not ready.is_set()


if __name__ == "__main__":
    thinker = threading.Thread(target=think)
    thinker.start()
    assert read() == 42
    thinker.join()
    what_the_chapter_says()
