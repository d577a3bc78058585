"""The three queues of Python, and what a tie needs in the third."""

# ANCHOR: orders
from itertools import count
from queue import LifoQueue, PriorityQueue, Queue


def in_which_order(queue, items):
    for item in items:
        queue.put(item)
    return [queue.get() for _ in items]


assert in_which_order(Queue(), [2, 3, 1]) == [2, 3, 1]
assert in_which_order(LifoQueue(), [2, 3, 1]) == [1, 3, 2]
assert in_which_order(PriorityQueue(), [2, 3, 1]) == [1, 2, 3]
# ANCHOR_END: orders

# ANCHOR: ties
arrival = count()


def job(priority, work):
    # Without the number in between, equal priorities would compare what comes next: the functions.
    return priority, next(arrival), work


jobs = [job(2, lambda: "sweep"), job(1, lambda: "put out the fire"), job(2, lambda: "paint")]
done = [work() for _, _, work in in_which_order(PriorityQueue(), jobs)]
assert done == ["put out the fire", "sweep", "paint"]
# ANCHOR_END: ties

try:
    in_which_order(PriorityQueue(), [(2, lambda: "sweep"), (2, lambda: "paint")])
except TypeError:
    pass  # two functions cannot be compared
else:
    raise AssertionError("a tie was broken without a number")
