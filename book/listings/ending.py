"""Producers and consumers in Python. Run it: it checks itself."""

import queue
import sys
import threading


# ANCHOR: work
def work(tasks):
    total = 0
    while True:
        try:
            task = tasks.get()
        except queue.ShutDown:
            return total
        total += task


def feed(tasks, everything):
    for task in everything:
        tasks.put(task)
    tasks.shutdown()  # from Python 3.13 on
# ANCHOR_END: work


def what_the_chapter_says():
    tasks = queue.Queue(maxsize=2)
    tasks.put(1)
    tasks.put(2)
    try:
        tasks.put_nowait(3)
    except queue.Full:
        pass
    assert tasks.get() == 1 and tasks.get() == 2
    try:
        tasks.get(timeout=0.001)
    except queue.Empty:
        pass
    tasks.task_done()
    tasks.task_done()
    try:
        tasks.task_done()
    except ValueError:
        pass
    else:
        raise AssertionError("one too many")


if __name__ == "__main__":
    what_the_chapter_says()
    if sys.version_info >= (3, 13):
        tasks = queue.Queue(maxsize=3)
        totals = []
        workers = [
            threading.Thread(target=lambda: totals.append(work(tasks))) for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        feed(tasks, range(100))
        for worker in workers:
            worker.join()
        assert sum(totals) == sum(range(100))
