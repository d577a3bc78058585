"""The tasks of `same::register`, as Celery has them."""

import os

from celery import Celery

app = Celery("tests", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND", os.environ["BROKER"]))
app.conf.task_acks_late = True
app.conf.worker_hijack_root_logger = False
if os.environ["BROKER"].startswith("redis"):
    app.conf.broker_transport_options = {"visibility_timeout": 2}


@app.task(name="tasks.add")
def add(x, y):
    return x + y


@app.task(name="tasks.xsum")
def xsum(numbers):
    return sum(numbers)


@app.task(name="tasks.echo")
def echo(value):
    return value


@app.task(name="tasks.boom")
def boom(*_):
    raise ValueError("boom")


@app.task(name="tasks.retry_me", bind=True, max_retries=5)
def retry_me(self, n):
    if self.request.retries < n:
        raise self.retry(countdown=0.02)
    return self.request.retries


@app.task(name="tasks.whoami")
def whoami():
    return "python"


@app.task(name="tasks.greet")
def greet(name, word="Hello"):
    return f"{word}, {name}!"


@app.task(name="tasks.mark", ignore_result=True)
def mark(n, where):
    app.backend.client.rpush(where, n)
