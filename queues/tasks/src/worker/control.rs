//! Remote commands: the questions of `celery inspect` and the orders of `celery control`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::core::{Core, Running};
use super::run::give_up;
use crate::broker::{Command, Delivery, Listener};
use crate::clock::{seconds, to_iso};
use crate::error::check_name;
use crate::exception::Exception;
use crate::message::Message;
use crate::options::Rate;
use crate::state::State;

/// How long one check waits; it limits how long a worker takes to end.
const LOOK: Duration = Duration::from_millis(200);

/// How long it waits before it listens again to a server that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// Receives and executes commands until the worker stops.
pub(super) fn listen(core: &Arc<Core>, mut listener: Box<dyn Listener>) {
    while !core.is_stopping() {
        let command = match listener.next(Instant::now() + LOOK) {
            Ok(Some(command)) => command,
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, "no commands can be heard");
                core.wait_for_stop_timeout(AGAIN);
                continue;
            }
        };
        let name = &core.config.name;
        if command.destination.as_ref().is_some_and(|meant| !meant.contains(name)) {
            continue;
        }
        tracing::debug!(command = command.method, "a command");
        let answer = obey(core, &command);
        if command.reply_to.is_some()
            && let Err(error) = listener.reply(&command, answer)
        {
            tracing::warn!(%error, command = command.method, "an answer could not be sent");
        }
    }
}

fn obey(core: &Arc<Core>, command: &Command) -> Value {
    let arguments = &command.arguments;
    match command.method.as_str() {
        "ping" => json!({"ok": "pong"}),
        "stats" => stats(core),
        "registered" | "registered_tasks" => {
            let mut names: Vec<_> =
                core.shared.tasks.lock().keys().map(|n| n.to_string()).collect();
            names.sort();
            json!(names)
        }
        "active" => {
            let running = core.running.lock();
            running.values().filter_map(|running| active(core, running)).collect()
        }
        // The tasks that wait in this worker: in the inbox, or for their time.
        "reserved" => reserved(core).iter().filter_map(|d| described(core, d)).collect(),
        "scheduled" => {
            let held = core.held.lock();
            let entry = |delivery: &Arc<Delivery>| {
                let eta = delivery.content.as_ref().ok()?.eta.map(to_iso);
                Some(json!({"eta": eta, "priority": 6, "request": described(core, delivery)?}))
            };
            held.values().filter_map(entry).collect()
        }
        "revoked" => json!(core.all_revoked()),
        "active_queues" => core.queues.lock().iter().map(|queue| described_queue(queue)).collect(),
        "conf" => json!({"task_acks_late": true, "worker_concurrency": core.config.concurrency}),
        "clock" => json!({"clock": core.clock.load(Relaxed)}), // Relaxed: a number for people
        "report" => json!({"ok": format!("locksmith {}", env!("CARGO_PKG_VERSION"))}),
        "query_task" => {
            let ids = texts(&arguments["ids"]);
            let running = core.running.lock();
            let found = running.values().filter_map(|running| {
                let id = running.delivery.content.as_ref().ok()?.id.to_string();
                Some((ids.contains(&id).then_some(id)?, json!(["active", active(core, running)?])))
            });
            Value::Object(found.collect())
        }
        "revoke" => {
            let terminate = arguments["terminate"].as_bool().unwrap_or(false);
            revoke(core, &texts(&arguments["task_id"]), terminate)
        }
        "terminate" => revoke(core, &texts(&arguments["task_id"]), true),
        "rate_limit" => rate_limit(core, arguments),
        "add_consumer" => add_consumer(core, arguments["queue"].as_str().unwrap_or_default()),
        "cancel_consumer" => cancel_consumer(core, arguments["queue"].as_str().unwrap_or_default()),
        "enable_events" => {
            core.events_on.store(true, Relaxed); // Relaxed: a switch, guards nothing
            json!({"ok": "task events enabled"})
        }
        "disable_events" => {
            core.events_on.store(false, Relaxed); // Relaxed: as above
            json!({"ok": "task events disabled"})
        }
        "heartbeat" | "election" => Value::Null,
        "shutdown" => {
            core.request_stop();
            json!({"ok": "will shut down"})
        }
        other => json!({"error": format!("this worker knows no command {other:?}")}),
    }
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn stats(core: &Core) -> Value {
    let totals: serde_json::Map<_, _> = core
        .totals
        .lock()
        .iter()
        .map(|(name, total)| (name.to_string(), (*total).into()))
        .collect();
    json!({
        "total": totals, "pid": std::process::id(), "uptime": core.started.elapsed().as_secs(),
        "clock": core.clock.load(Relaxed).to_string(), // Relaxed: a number for people
        "prefetch_count": core.config.concurrency * core.config.prefetch_multiplier,
        "pool": {
            "implementation": "locksmith:threads", "max-concurrency": core.config.concurrency,
            "processes": [std::process::id()], "timeouts": [0, 0],
        },
        "broker": {"transport": core.shared.broker.name()}, "rusage": {},
    })
}

/// Claimed tasks that do not run.
fn reserved(core: &Core) -> Vec<Arc<Delivery>> {
    let running: Vec<_> =
        core.running.lock().values().map(|running| running.delivery.receipt.clone()).collect();
    let mut owned: Vec<_> = core.owned.lock().values().cloned().collect();
    owned.retain(|delivery| !running.contains(&delivery.receipt));
    owned
}

fn request(core: &Core, message: &Message) -> Value {
    json!({
        "id": &*message.id, "name": &*message.task, "type": &*message.task,
        "args": message.args, "kwargs": message.kwargs, "hostname": core.config.name,
        "delivery_info": {
            "exchange": "", "routing_key": &*message.queue, "priority": message.priority,
        },
        "worker_pid": null, "time_start": null, "acknowledged": false,
    })
}

fn described(core: &Core, delivery: &Delivery) -> Option<Value> {
    let mut request = request(core, delivery.content.as_ref().ok()?);
    request["delivery_info"]["redelivered"] = delivery.redelivered.into();
    Some(request)
}

fn active(core: &Core, running: &Running) -> Option<Value> {
    let mut request = described(core, &running.delivery)?;
    request["time_start"] = seconds(running.since).into();
    request["worker_pid"] = std::process::id().into();
    request["acknowledged"] = running.acked.into();
    Some(request)
}

fn described_queue(queue: &str) -> Value {
    json!({
        "name": queue, "routing_key": queue, "durable": true, "exclusive": false,
        "exchange": {"name": queue, "type": "direct", "durable": true},
    })
}

fn revoke(core: &Arc<Core>, ids: &[String], terminate: bool) -> Value {
    core.revoke(ids);
    // Tasks that wait for their time need not wait for this.
    let is_meant = |delivery: &Delivery| {
        delivery.content.as_ref().is_ok_and(|message| ids.iter().any(|id| **id == *message.id))
    };
    let held: Vec<_> = core.held.lock().extract_if(|_, delivery| is_meant(delivery)).collect();
    for (_, delivery) in held {
        core.occupy();
        super::check::refuse(core, &delivery, "revoked");
    }
    if terminate {
        let running = core.running.lock();
        let meant: Vec<_> =
            running.iter().filter(|(_, r)| is_meant(&r.delivery)).map(|(n, _)| *n).collect();
        drop(running);
        for number in meant {
            let why = Exception::celery("TaskRevokedError", "terminated");
            give_up(core, number, State::Revoked, why);
        }
    }
    json!({"ok": format!("tasks {} flagged as revoked", ids.join(", "))})
}

fn rate_limit(core: &Core, arguments: &Value) -> Value {
    let name = arguments["task_name"].as_str().unwrap_or_default();
    let rate = match &arguments["rate_limit"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Some(definition) = core.shared.tasks.lock().get(name).cloned() else {
        return json!({"error": format!("this worker knows no task {name:?}")});
    };
    let none = ["0", "null", ""].contains(&rate.as_str());
    let rate = if none { Ok(None) } else { Rate::parse(&rate).map(Some) };
    match rate {
        Ok(rate) => {
            *definition.rate_limit.lock() = rate;
            json!({"ok": if none { "rate limit disabled successfully" } else { "new rate limit set successfully" }})
        }
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn add_consumer(core: &Core, queue: &str) -> Value {
    if let Err(error) = check_name("queue", queue) {
        return json!({"error": error.to_string()});
    }
    let mut queues = core.queues.lock();
    if queues.iter().any(|known| &**known == queue) {
        return json!({"ok": format!("already consuming from {queue:?}")});
    }
    *queues = queues.iter().cloned().chain([queue.into()]).collect();
    json!({"ok": format!("add consumer {queue}")})
}

fn cancel_consumer(core: &Core, queue: &str) -> Value {
    let mut queues = core.queues.lock();
    *queues = queues.iter().filter(|known| &***known != queue).cloned().collect();
    json!({"ok": format!("no longer consuming from {queue}")})
}
