"""Sends to the worker of the queue that is named, and checks what comes back: one line a check."""

import sys
import time

from celery import chain, chord, group
from celery.exceptions import ChordError, TaskRevokedError

from app import add, app, boom, echo, greet, retry_me, whoami, xsum

QUEUE = sys.argv[1]
LONG = 8
app.conf.task_default_queue = QUEUE


def check(name, wanted, make):
    try:
        got = make()
    except Exception as error:  # what it raises is what is checked
        got = f"{type(error).__name__}: {error}"
    print(f"ok {name}" if got == wanted else f"{name}: {got!r}, not {wanted!r}", flush=True)


def get(result):
    return result.get(timeout=LONG)


check("who", "rust", lambda: get(whoami.delay()))
check("args", 5, lambda: get(add.delay(2, 3)))
check("kwargs", "Hi, Ada!", lambda: get(greet.delay("Ada", word="Hi")))
check("defaults", "Hello, Bob!", lambda: get(greet.delay("Bob")))
check("unicode and depth", {"ä": [None, 1.5, {"☃": True}]}, lambda: get(echo.delay({"ä": [None, 1.5, {"☃": True}]})))
check("exception", "ValueError: boom", lambda: get(boom.delay()))
check("unknown", "NotRegistered: 'tasks.unknown'", lambda: get(app.send_task("tasks.unknown")))
check("retries", 2, lambda: get(retry_me.delay(2)))
start = time.time()
check("eta", 2, lambda: get(add.apply_async((1, 1), countdown=0.3)))
check("not early", True, lambda: time.time() - start >= 0.3)


def expired():
    result = add.apply_async((1, 1), countdown=0.2, expires=0.05)
    try:
        return get(result)
    except TaskRevokedError:
        return result.state


check("expires", "REVOKED", expired)
check("chain", 10, lambda: get((add.s(1, 2) | add.s(3) | add.s(4))()))
check("immutable", 30, lambda: get((add.s(1, 2) | add.si(10, 20))()))
check("group", [2, 4, 6], lambda: get(group(add.s(n, n) for n in (1, 2, 3))()))
check("chord", 12, lambda: get(chord([add.s(n, n) for n in (1, 2, 3)], xsum.s())()))
check("group in a chain", 136, lambda: get((add.s(1, 2) | group(add.s(10), add.s(20)) | xsum.s() | add.s(100))()))
check(
    "nested chords",
    34,
    lambda: get(
        chord(
            [
                add.s(1, 2) | add.s(3),
                group(add.s(5, 5), add.s(6, 6)),
                chord([add.s(1, 1), add.s(2, 2)], xsum.s()),
            ],
            xsum.s(),
        )()
    ),
)
check("two groups in a chain", 15, lambda: get((group(add.s(1, 1), add.s(2, 2)) | xsum.s() | group(add.s(1), add.s(2)) | xsum.s())()))


def failing_chord():
    result = chord([add.s(1, 1), boom.s()], xsum.s())()
    deadline = time.time() + LONG
    while not result.ready() and time.time() < deadline:
        time.sleep(0.01)
    return (result.state, type(result.result).__name__, isinstance(result.result, ChordError))


check("chord with a failing member", ("FAILURE", "ChordError", True), failing_chord)


def revoked():
    result = add.apply_async((1, 1), countdown=1)
    result.revoke()
    try:
        return get(result)
    except TaskRevokedError:
        return result.state


check("revoke", "REVOKED", revoked)
check("link", 5, lambda: get(add.apply_async((1, 1), link=add.s(3)) and add.delay(2, 3)))
check("big payload", 3_000_000, lambda: len(get(echo.delay("x" * 3_000_000))))
