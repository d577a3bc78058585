"""An exception in a thread vanishes. Run it: it checks itself."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

numbers = []

# ANCHOR: sum
def read(line):
    numbers.append(int(line))


def sum_of(lines):
    threads = [threading.Thread(target=read, args=[line]) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(numbers)
# ANCHOR_END: sum


# ANCHOR: futures
def sum_by_futures(lines):
    with ThreadPoolExecutor() as pool:
        return sum(pool.map(int, lines))
# ANCHOR_END: futures


if __name__ == "__main__":
    printed = []
    threading.excepthook = printed.append  # in place of the traceback on standard error

    assert sum_of(["10", "12a", "20"]) == 30  # `join` has said nothing
    assert printed[0].exc_type is ValueError

    thread = threading.Thread(target=read, args=["12a"])
    thread.start()
    assert thread.join() is None  # as if it had ended well

    assert sum_by_futures(["10", "20"]) == 30
    try:
        sum_by_futures(["10", "12a", "20"])
    except ValueError:
        pass
    else:
        raise AssertionError("the exception has vanished")

    # How long a thread may run before another one gets the interpreter, in seconds.
    assert sys.getswitchinterval() == 0.005
