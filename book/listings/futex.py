"""A doorbell that is not heard. Run it: it checks itself."""

import threading

# ANCHOR: doorbell
mail = []
bell = threading.Event()


def fetch(in_the_gap):
    while not mail:
        in_the_gap()
        bell.clear()
        bell.wait()
    return mail.pop()


def deliver(letter):
    mail.append(letter)
    bell.set()
# ANCHOR_END: doorbell


def fetch_rightly(in_the_gap):
    while True:
        bell.clear()
        if mail:
            return mail.pop()
        in_the_gap()
        bell.wait()


def deliver_in_the_gap(fetch):
    """Lets the letter come between the look and the wait. Returns what was fetched, if it was at once."""
    once = iter([lambda: deliver("letter")])
    fetched = []
    reader = threading.Thread(
        target=lambda: fetched.append(fetch(lambda: next(once, lambda: None)())), daemon=True
    )
    asleep = threading.Event()
    wait, bell.wait = bell.wait, lambda: (bell.is_set() or asleep.set(), wait())
    reader.start()
    while reader.is_alive() and not asleep.wait(0.01):
        pass
    bell.wait = wait
    found = list(fetched)
    bell.set()  # the reader may go
    reader.join()
    assert fetched == ["letter"] and not mail
    return found


if __name__ == "__main__":
    assert deliver_in_the_gap(fetch) == []  # it sleeps, and there is a letter
    assert deliver_in_the_gap(fetch_rightly) == ["letter"]
