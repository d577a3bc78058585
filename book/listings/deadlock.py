"""Transfers that cannot deadlock, and two that would. Run it: it checks itself."""

import threading


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()


# ANCHOR: transfer
def transfer(source, target, amount):
    first, second = sorted((source, target), key=id)  # one order for everybody
    with first.lock, second.lock:
        source.balance -= amount
        target.balance += amount
# ANCHOR_END: transfer


def both_have_one_and_want_the_other():
    ann, bob = Account(10), Account(10)
    both_have_one = threading.Barrier(2)
    nobody_has_two = threading.Barrier(2)
    got = []

    def half_way(source, target):
        with source.lock:
            both_have_one.wait()
            # Without a time-out this would never end.
            got.append(target.lock.acquire(timeout=0.01))
            nobody_has_two.wait()

    threads = [threading.Thread(target=half_way, args=pair) for pair in ((ann, bob), (bob, ann))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [False, False]


def transfers_both_ways():
    ann, bob = Account(1000), Account(1000)

    def pay(source, target):
        for _ in range(500):
            transfer(source, target, 1)

    threads = [threading.Thread(target=pay, args=pair) for pair in ((ann, bob), (bob, ann))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ann.balance, bob.balance) == (1000, 1000)


if __name__ == "__main__":
    both_have_one_and_want_the_other()
    transfers_both_ways()
