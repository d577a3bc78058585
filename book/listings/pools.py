"""A pool of threads in Python. Run it: it checks itself."""

from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from threading import Event

# ANCHOR: squares
with ThreadPoolExecutor(max_workers=4) as executor:
    futures = [executor.submit(pow, n, 2) for n in range(10)]
    squares = [future.result() for future in futures]
assert squares == [n * n for n in range(10)]
# ANCHOR_END: squares


def what_the_chapter_says():
    with ThreadPoolExecutor(max_workers=1) as executor:
        # An exception is the result.
        failed = executor.submit(int, "twelve")
        assert isinstance(failed.exception(), ValueError)
        assert list(executor.map(abs, [-1, -2])) == [1, 2]
        assert {f.result() for f in as_completed([executor.submit(abs, -3)])} == {3}

        # What runs cannot be called off, what waits can; and the second time `cancel` says True again.
        began, go_on = Event(), Event()
        running = executor.submit(lambda: (began.set(), go_on.wait()))
        waiting = executor.submit(abs, -1)
        began.wait()
        assert not running.cancel()
        assert waiting.cancel() and waiting.cancel()
        try:
            waiting.result()
        except CancelledError:
            pass
        else:
            raise AssertionError("a cancelled future has a result")
        go_on.set()

        # A pool of one that waits for itself: with a time-out, or it would hang.
        def outer():
            inner = executor.submit(abs, -1)
            try:
                return inner.result(timeout=0.01)
            except TimeoutError:
                return "nobody runs it"
            finally:
                inner.cancel()

        try:
            assert executor.submit(outer).result() == "nobody runs it"
        except TimeoutError:
            pass  # before 3.11 it was another class


if __name__ == "__main__":
    what_the_chapter_says()
