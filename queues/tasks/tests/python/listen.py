"""Prints each kind of event that it hears, as `celery events` does; ends with a heartbeat, a success and a failure."""

from app import app

seen = set()


def hear(event):
    # Each line once: the test reads them at the end, and a full pipe would stop this program.
    if event["type"] not in seen:
        print(event["type"], event["hostname"], flush=True)
        seen.add(event["type"])
    if {"task-succeeded", "task-failed", "worker-heartbeat"} <= seen:
        receiver.should_stop = True


with app.connection() as connection:
    receiver = app.events.Receiver(connection, handlers={"*": hear})
    receiver.capture(limit=None, timeout=30, wakeup=False)
