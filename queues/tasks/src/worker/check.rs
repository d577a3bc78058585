//! Whether a received task may run, and whether now.
//!
//! | what                                     | then                                                   |
//! | ---------------------------------------- | ------------------------------------------------------ |
//! | it cannot be read, or its task is unknown | a failed result, a dead letter with the reason       |
//! | it was taken from too many dead workers  | the same: it may be what killed them                   |
//! | it was revoked, or has expired           | a revoked result                                       |
//! | it is not time yet, or too many have begun | held, and looked at again                            |

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::core::Core;
use crate::broker::{Delivery, Nack};
use crate::clock;
use crate::definition::Definition;
use crate::error::Error;
use crate::exception::Exception;
use crate::message::Message;
use crate::state::{State, StoredResult};

/// What to do with a delivery.
pub(super) enum Verdict {
    /// Run it.
    Run(Arc<Delivery>, Arc<Definition>),
    /// It was dealt with.
    Settled,
}

pub(super) fn check(core: &Arc<Core>, delivery: Arc<Delivery>) -> Verdict {
    let message = match &delivery.content {
        Ok(message) => message,
        Err(fault) => {
            let exception = Exception::new("DecodeError", "kombu.exceptions", fault.reason.clone());
            let (id, reason) = (fault.id.clone(), fault.reason.clone());
            bury(core, &delivery, id, exception, reason);
            return Verdict::Settled;
        }
    };
    let id = &*message.id;
    if delivery.redeliveries > core.config.max_redeliveries {
        let times = delivery.redeliveries;
        let reason =
            format!("taken from {times} workers that died with it; it may be what killed them");
        let exception = Exception::new("WorkerLostError", "billiard.exceptions", reason.clone());
        let id = Some(id.to_owned());
        bury(core, &delivery, id, exception, reason);
        return Verdict::Settled;
    }
    if delivery.revoked || core.is_revoked(id) || is_stored_as_revoked(core, &delivery, message) {
        refuse(core, &delivery, "revoked");
        return Verdict::Settled;
    }
    if message.expires.is_some_and(|expires| expires <= SystemTime::now()) {
        refuse(core, &delivery, "expired");
        return Verdict::Settled;
    }
    let definition = core.shared.tasks.lock().get(&message.task).cloned();
    let Some(definition) = definition else {
        let task = message.task.to_string();
        let reason = format!("this worker knows no task {task:?}");
        let id = Some(id.to_owned());
        bury(core, &delivery, id, Exception::celery("NotRegistered", task), reason);
        return Verdict::Settled;
    };
    let wait = message.eta.map(clock::until).unwrap_or_default();
    if !wait.is_zero() {
        hold(core, delivery, wait);
        return Verdict::Settled;
    }
    if let Some(wait) = limited(&definition) {
        hold(core, delivery, wait);
        return Verdict::Settled;
    }
    if delivery.redelivered && is_sent_again(core, &delivery) {
        return Verdict::Settled;
    }
    Verdict::Run(delivery, definition)
}

/// Whether the broker has sent it once more, to count that it was redelivered.
fn is_sent_again(core: &Core, delivery: &Delivery) -> bool {
    match core.shared.broker.recount(delivery) {
        Ok(false) => return false,
        Ok(true) => core.disown(&delivery.receipt),
        Err(error) => {
            tracing::error!(%error, "a redelivery could not be counted");
            core.give_back(delivery);
        }
    }
    core.free();
    true
}

/// A worker that starts later has not heard of earlier revocations. The stored results say which
/// tasks were revoked, so it checks those: tasks that wait for their time, and redelivered ones.
fn is_stored_as_revoked(core: &Core, delivery: &Delivery, message: &Message) -> bool {
    if !delivery.redelivered && message.eta.is_none() {
        return false;
    }
    match core.shared.results.revoked(&[&message.id]) {
        Ok(revoked) => revoked.first().copied().unwrap_or(false),
        Err(error) => {
            tracing::error!(%error, id = &*message.id, "it is not known whether a task was revoked");
            false
        }
    }
}

/// If the task has a rate limit and its next slot is in the future, how long until then.
///
/// Slots are at equal distances, so that a burst is spread.
fn limited(definition: &Definition) -> Option<Duration> {
    let rate = (*definition.rate_limit.lock())?;
    let now = Instant::now();
    let mut next = definition.next_start.lock();
    match *next {
        Some(at) if at > now => Some(at - now),
        _ => {
            *next = now.checked_add(rate.interval);
            None
        }
    }
}

/// Keeps it claimed for a time; then it is checked again.
fn hold(core: &Arc<Core>, delivery: Arc<Delivery>, wait: Duration) {
    let number = core.number();
    if let Ok(message) = &delivery.content {
        tracing::debug!(task = &*message.task, id = &*message.id, ?wait, "held");
        core.event(|| super::events::received(message));
    }
    core.free();
    let due = Instant::now().checked_add(wait);
    core.held.lock().insert(number, delivery);
    if core.is_stopping() {
        // The sweep through held tasks may be over.
        let left = core.held.lock().remove(&number);
        left.iter().for_each(|delivery| core.give_back(delivery));
        return;
    }
    let Some(due) = due else { return }; // in more years than the clock counts
    let later = Arc::clone(core);
    core.timers.at(due, move || {
        let Some(delivery) = later.held.lock().remove(&number) else { return };
        later.occupy();
        if later.is_local() {
            // Its threads wait at the broker, not at the inbox.
            later.free();
            later.give_back(&delivery);
        } else if later.inbox.put(Arc::clone(&delivery)).is_err() {
            later.give_back(&delivery);
        }
    });
}

/// It is not run: revoked, or too late.
pub(super) fn refuse(core: &Core, delivery: &Delivery, why: &str) {
    let Ok(message) = &delivery.content else { return };
    tracing::info!(task = &*message.task, id = &*message.id, why, "not run");
    core.event(|| super::events::revoked(message, why == "expired", false));
    let exception = Exception::celery("TaskRevokedError", why);
    let result = StoredResult::unhappy(Arc::clone(&message.id), State::Revoked, exception.clone());
    core.failed_parts(message, &exception);
    core.settle(vec![result.of(message)], Some(delivery.receipt.clone()));
    core.free();
}

/// Makes it a dead letter, with a failed result if it has an id.
fn bury(
    core: &Core,
    delivery: &Delivery,
    id: Option<String>,
    exception: Exception,
    reason: String,
) {
    tracing::error!(queue = &*delivery.queue, id, reason, "rejected; it is among the dead letters");
    if let Some(id) = &id {
        core.event(|| super::events::failed(id, &exception));
        let result = StoredResult::unhappy(id.as_str(), State::Failure, exception.clone());
        if let Ok(message) = &delivery.content {
            core.failed_parts(message, &exception);
        }
        if let Err(error) = core.shared.results.put(&[result]) {
            tracing::error!(%error, id, "a failure could not be stored");
        }
    }
    core.disown(&delivery.receipt);
    if let Err(error) = core.shared.broker.nack(delivery, Nack::Bury { reason }) {
        report(&error);
    }
    core.free();
}

fn report(error: &Error) {
    tracing::error!(%error, "a dead letter could not be kept; it will be back");
}
