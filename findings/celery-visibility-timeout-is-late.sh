#!/usr/bin/env bash
# Celery on Redis: with a visibility_timeout of 5 seconds a lost message comes back after up to 105.
#
# Guess that fails: with `visibility_timeout: 5` the message of a worker that was killed is delivered again about 5 s later.
# Version: celery 5.7.0, kombu 5.7.0, redis 8.1.0 (the client), redis 7.0.15 (the server), CPython 3.11.7.
# Behaviour: the other workers check the timeout. Each runs a sweep every 10 s, but only every tenth sweep checks
#   (`unacked_restore_interval` and `unacked_restore_throttle` in kombu's transport). A worker's first sweep checks, and the
#   next check comes 100 s later. So the longest wait is the timeout plus 100 s, however short the timeout is. The actual
#   wait depends on when the remaining worker was started.
# Seen:
#   visibility_timeout: 5 s; run again 74.6 s after the worker was killed
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
import os, time
import celery, redis
app = celery.Celery("app", broker="redis://127.0.0.1:$port/0")
app.conf.task_acks_late = True
app.conf.broker_transport_options = {"visibility_timeout": 5}

@app.task
def work():
    # The first run notes its process and goes on for long, the second one only notes itself.
    if redis.Redis(port=$port, db=1).rpush("runs", os.getpid()) == 1:
        time.sleep(1000)
PYTHON
cd "$folder"
for name in a b; do
    venv/bin/celery -A app worker -P solo -n "$name@localhost" > "$name.log" 2>&1 &
    processes+=($!)
done
venv/bin/python - <<PYTHON
import os, signal, sys, time
import redis
from app import app, work
runs = redis.Redis(port=$port, db=1)
while len(app.control.ping(timeout=1)) < 2:
    pass
time.sleep(12)  # the first sweep of both workers is over
work.delay()
while runs.llen("runs") < 1:
    time.sleep(0.1)
os.kill(int(runs.lindex("runs", 0)), signal.SIGKILL)
killed = time.monotonic()
while runs.llen("runs") < 2 and time.monotonic() - killed < 200:
    time.sleep(0.1)
took = time.monotonic() - killed
print(f"visibility_timeout: 5 s; run again {took:.1f} s after the worker was killed")
sys.exit(0 if 30 < took < 200 else 1)  # a sweep of each 10 s would take 15 at most
PYTHON
