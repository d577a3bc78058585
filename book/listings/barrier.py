"""Rounds in Python. Run it: it checks itself."""

import threading

# ANCHOR: rounds
barrier = threading.Barrier(3)


def work(rounds):
    for number in range(rounds):
        step(number)
        barrier.wait()  # nobody begins the next round before all are here
# ANCHOR_END: rounds

done = []
lock = threading.Lock()


def step(number):
    with lock:
        done.append(number)


def what_the_chapter_says():
    # A time-out breaks the barrier, for everybody, until a reset.
    for _ in range(2):
        try:
            barrier.wait(timeout=0.001)
        except threading.BrokenBarrierError:
            pass
        else:
            raise AssertionError("nobody else came")
        assert barrier.broken
    barrier.reset()
    assert not barrier.broken and barrier.parties == 3 and barrier.n_waiting == 0

    # An action that fails breaks it, too.
    def fail():
        raise ValueError

    alone = threading.Barrier(1, action=fail)
    try:
        alone.wait()
    except ValueError:
        pass
    assert alone.broken


if __name__ == "__main__":
    threads = [threading.Thread(target=work, args=(10,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == sorted(done)
    what_the_chapter_says()
