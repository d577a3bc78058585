"""A flag is not a lock in Python either. Run it: it checks itself."""

import threading
import time

# ANCHOR: lock
taken = False


def lock(in_the_gap):
    global taken
    while taken:
        time.sleep(0)  # let others run
    in_the_gap()
    taken = True


def unlock():
    global taken
    taken = False
# ANCHOR_END: lock


inside = []
both_are_inside = threading.Barrier(2)


def go_in(in_the_gap):
    lock(in_the_gap)
    inside.append(threading.current_thread())
    both_are_inside.wait(timeout=60)  # raises if the other one is kept out
    unlock()


if __name__ == "__main__":
    both_have_looked = threading.Barrier(2)
    threads = [threading.Thread(target=go_in, args=[both_have_looked.wait]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inside) == 2
    assert not both_are_inside.broken
