"""A timer in Python. Run it: it checks itself."""

import threading

# ANCHOR: alarm
rang = threading.Event()

alarm = threading.Timer(0.01, rang.set)
alarm.start()
alarm.join()  # until it has rung, or was cancelled
assert rang.is_set()

tea = threading.Timer(600, print, args=["The tea is ready."])
tea.start()
tea.cancel()  # returns nothing: was it in time?
tea.join()
# ANCHOR_END: alarm


def what_the_chapter_says():
    assert tea.cancel() is None
    assert tea.finished.is_set()
    try:
        alarm.start()
    except RuntimeError:
        pass
    else:
        raise AssertionError("a timer was started twice")

    # A cancellation while the function runs changes nothing, and nobody is told.
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow():
        began.set()
        go_on.wait()
        ended.set()

    late = threading.Timer(0, slow)
    late.start()
    began.wait()
    late.cancel()
    go_on.set()
    late.join()
    assert ended.is_set()


if __name__ == "__main__":
    what_the_chapter_says()
