"""Prints the events that it hears, as `celery events` does; ends when a task has succeeded and one has failed."""

from app import app

seen = set()


def hear(event):
    print(event["type"], event["hostname"], flush=True)
    seen.add(event["type"])
    if {"task-succeeded", "task-failed", "worker-heartbeat"} <= seen:
        receiver.should_stop = True


with app.connection() as connection:
    receiver = app.events.Receiver(connection, handlers={"*": hear})
    receiver.capture(limit=None, timeout=30, wakeup=False)
