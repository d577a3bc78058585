//! The reports to monitors: Celery's events.
//!
//! Events of tasks are gathered for a moment and sent together; the heartbeat is sent separately.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::core::Core;
use crate::clock::to_iso;
use crate::exception::Exception;
use crate::message::Message;
use crate::wire::repr;

/// How often a worker reports that it is alive. _Python_: `--heartbeat-interval`.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long events wait for others at most.
const GATHER: Duration = Duration::from_millis(100);

/// How many are sent at once.
const BATCH: usize = 200;

pub(super) fn received(message: &Message) -> Value {
    json!({
        "type": "task-received", "uuid": &*message.id, "name": &*message.task,
        "args": repr(&message.args), "kwargs": repr(&message.kwargs),
        "root_id": message.root(), "parent_id": message.parent, "retries": message.retries,
        "eta": message.eta.map(to_iso), "expires": message.expires.map(to_iso),
    })
}

pub(super) fn started(message: &Message) -> Value {
    json!({"type": "task-started", "uuid": &*message.id})
}

pub(super) fn succeeded(message: &Message, value: &Value, runtime: Duration) -> Value {
    let (result, runtime) = (repr(value), runtime.as_secs_f64());
    json!({"type": "task-succeeded", "uuid": &*message.id, "result": result, "runtime": runtime})
}

pub(super) fn failed(id: &str, exception: &Exception) -> Value {
    let traceback = exception.traceback.as_deref().unwrap_or_default();
    json!({
        "type": "task-failed", "uuid": id, "exception": exception.repr(), "traceback": traceback,
    })
}

pub(super) fn retried(id: &str, reason: &Exception) -> Value {
    json!({"type": "task-retried", "uuid": id, "exception": reason.repr(), "traceback": ""})
}

pub(super) fn revoked(message: &Message, expired: bool, terminated: bool) -> Value {
    json!({
        "type": "task-revoked", "uuid": &*message.id, "expired": expired,
        "terminated": terminated, "signum": if terminated { json!(15) } else { Value::Null },
    })
}

fn heartbeat(core: &Core, kind: &str) -> Value {
    let event = json!({
        "type": kind, "freq": HEARTBEAT.as_secs_f64(), "active": core.running.lock().len(),
        "processed": core.processed(), "loadavg": load_average(),
        "sw_ident": "locksmith", "sw_ver": env!("CARGO_PKG_VERSION"), "sw_sys": "Linux",
    });
    core.stamp(event)
}

pub(super) fn load_average() -> [f64; 3] {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut words = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| words.next().unwrap_or(0.0))
}

/// Sends events until the worker is over.
pub(super) fn monitor(core: &Core) {
    let broker = &core.shared.broker;
    let mut reported = false;
    let mut send = |events: &[Value]| match broker.publish_events(events) {
        Ok(()) => reported = false,
        // Reported once for each outage of the server: the claimer reports the same.
        Err(error) if !reported => {
            tracing::warn!(%error, "monitors are told nothing for now");
            reported = true;
        }
        Err(_) => {}
    };
    let mut kind = "worker-online";
    let mut next_beat = Instant::now();
    while !core.over.is_set() {
        if Instant::now() >= next_beat {
            send(&[heartbeat(core, std::mem::replace(&mut kind, "worker-heartbeat"))]);
            next_beat = Instant::now() + HEARTBEAT;
        }
        core.over.wait_timeout(GATHER);
        loop {
            let batch: Vec<_> =
                std::iter::from_fn(|| core.events.try_get().ok()).take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            send(&batch);
        }
    }
    send(&[heartbeat(core, "worker-offline")]);
}
