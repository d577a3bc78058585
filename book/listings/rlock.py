"""An account in Python. Run it: it checks itself."""

import threading


# ANCHOR: account
class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.RLock()

    def withdraw(self, amount):
        with self.lock:
            self.balance -= amount

    def withdraw_if_possible(self, amount):
        with self.lock:
            if self.balance >= amount:
                self.withdraw(amount)
# ANCHOR_END: account


def what_the_chapter_says():
    # Only the owner may release.
    lock = threading.RLock()
    lock.acquire()
    errors = []

    def release():
        try:
            lock.release()
        except RuntimeError as error:
            errors.append(error)

    stranger = threading.Thread(target=release)
    stranger.start()
    stranger.join()
    assert len(errors) == 1

    # As often as it was taken.
    assert lock.acquire(blocking=False)
    lock.release()
    lock.release()
    try:
        lock.release()
    except RuntimeError:
        pass
    else:
        raise AssertionError("released once too often")


if __name__ == "__main__":
    account = Account(100)
    threads = [threading.Thread(target=account.withdraw_if_possible, args=(30,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 10
    what_the_chapter_says()
