#!/usr/bin/env bash
# Celery: `get` of a chord whose header fails never raises the ChordError that the chord's result is.
#
# Guess that fails: `chord(header)(body).get()` raises ChordError if a task of the header fails: the documentation says that the
#   error handling sets the body's result to it, and `get` raises what the result is.
# Version: celery 5.7.0, kombu 5.7.0, redis 8.1.0 (the client), redis 7.0.15 (the server), CPython 3.11.7.
# Behaviour: the handle that the call returns has the header as its parent. `get` looks at the parents first and raises the
#   header's own error, even when the body's result is already ChordError. It may do so before the body has any state.
#   A handle made from the same id has no parent, and its `get` raises ChordError. So one `except` clause is not enough.
# Seen:
#   get of the chord: ValueError
#   the body's state: FAILURE, its result: ChordError
#   get of the chord again: ValueError; get by its id: ChordError
set -euo pipefail

folder=$(mktemp -d)
processes=()
finish() {
    for process in "${processes[@]}"; do kill -KILL "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "celery[redis]==5.7.0" kombu==5.7.0 redis==8.1.0 packaging==26.3
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$folder" > "$folder/redis.log" &
processes+=($!)
until redis-cli -p "$port" ping > /dev/null 2>&1; do sleep 0.1; done

cat > "$folder/app.py" <<PYTHON
import celery
app = celery.Celery("app", broker="redis://127.0.0.1:$port/0", backend="redis://127.0.0.1:$port/1")

@app.task
def part(number):
    if number == 1:
        raise ValueError("part 1 fails")
    return number

@app.task
def total(numbers):
    return sum(numbers)
PYTHON
cd "$folder"
venv/bin/celery -A app worker -P solo > worker.log 2>&1 &
processes+=($!)
timeout 120 venv/bin/python - <<PYTHON
import os, sys, time
import celery
from app import app, part, total
while not app.control.ping(timeout=1):
    pass
body = celery.chord([part.s(0), part.s(1), part.s(2)])(total.s())
same = app.AsyncResult(body.id)

def get(result):
    try:
        return result.get(timeout=30)
    except Exception as error:
        return type(error).__name__

first = get(body)
print(f"get of the chord: {first}")
deadline = time.monotonic() + 30
while not same.ready() and time.monotonic() < deadline:
    time.sleep(0.05)
print(f"the body's state: {same.state}, its result: {type(same.result).__name__}")
again, by_id = get(body), get(same)
print(f"get of the chord again: {again}; get by its id: {by_id}")
right = (first, type(same.result).__name__, again, by_id) == ("ValueError", "ChordError", "ValueError", "ChordError")
sys.stdout.flush()
os._exit(0 if right else 1)  # the client's destructors complain when the interpreter ends
PYTHON
