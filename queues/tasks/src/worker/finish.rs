//! The consequences of a task's end.
//!
//! ```text
//!   a value ──▶ its callbacks, the rest of its chain ─▶ its part of a chord ─▶ SUCCESS ─▶ acknowledged
//!   an error ─▶ its errbacks; the rest of its chain fails too ─▶ the chord's part ─▶ FAILURE ─▶ acknowledged
//!   a retry ──▶ the same message, later ─▶ RETRY ─▶ acknowledged
//! ```

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::core::{Core, Done, receipt_key};
use super::events;
use crate::broker::{Delivery, Nack, Receipt};
use crate::canvas::{Origin, launch, launch_chain};
use crate::definition::Definition;
use crate::error::Error;
use crate::exception::{Exception, TaskError};
use crate::message::Message;
use crate::results::{ChordPart, ChordReady};
use crate::signature::{Call, Signature};
use crate::state::{State, StoredResult};

/// How many results and acknowledgements go to the server at once.
const BATCH: usize = 256;

/// How long the finisher waits before it tries again after a server error.
const AGAIN: Duration = Duration::from_millis(200);

/// Stores results and acknowledges, as many at once as have gathered. It acknowledges nothing
/// before it is stored.
pub(super) fn finisher(core: &Core) {
    while let Ok(first) = core.outbox.get() {
        let mut all = vec![first];
        while all.len() < BATCH {
            match core.outbox.try_get() {
                Ok(next) => all.push(next),
                Err(_) => break,
            }
        }
        let mut results = Vec::new();
        let mut receipts = Vec::new();
        for done in all {
            results.extend(done.results);
            receipts.extend(done.receipt);
        }
        let shared = &core.shared;
        persist(core, "results could not be stored", || shared.results.put(&results));
        persist(core, "tasks could not be acknowledged", || shared.broker.ack(&receipts));
        let mut owned = core.owned.lock();
        receipts.iter().for_each(|receipt| drop(owned.remove(&receipt_key(receipt))));
    }
}

/// Tries until it succeeds, or until the worker stops and one more try has failed. The broker then
/// gives the unacknowledged tasks to another worker.
fn persist(core: &Core, what: &str, attempt: impl Fn() -> Result<(), Error>) {
    loop {
        match attempt() {
            Ok(()) => return,
            Err(error) => tracing::error!(%error, "{what}"),
        }
        if core.wait_for_stop_timeout(AGAIN) {
            return;
        }
    }
}

/// The result of a task's function.
type Outcome = Result<Value, TaskError>;

/// After a task's function has returned.
pub(super) fn finish(
    core: &Core,
    delivery: &Delivery,
    definition: &Definition,
    outcome: Outcome,
    runtime: Duration,
    acked: bool,
) {
    let Ok(message) = &delivery.content else { unreachable!("it was checked") };
    let receipt = (!acked).then(|| delivery.receipt.clone());
    let policy = &definition.options.retry;
    match outcome {
        Ok(value) => match core.follow(message, &value) {
            Ok(()) => {
                core.event(|| events::succeeded(message, &value, runtime));
                let keep = !message.ignore_result;
                let result =
                    keep.then(|| StoredResult::new(Arc::clone(&message.id), State::Success, value));
                core.settle(result.map(|result| result.of(message)).into_iter().collect(), receipt);
            }
            Err(Error::Broker(error)) if !acked => {
                tracing::error!(error, id = &*message.id, "what follows a task could not be sent");
                core.give_back(delivery);
            }
            Err(error) => fail(core, message, Exception::of(&error), receipt),
        },
        Err(TaskError::Failed(exception)) => {
            if definition.options.retry_on_error && policy.allows(message.retries) {
                retry(core, delivery, exception, policy.delay(message.retries), receipt);
            } else {
                tracing::error!(task = &*message.task, id = &*message.id, %exception, "failed");
                core.event(|| events::failed(&message.id, &exception));
                fail(core, message, exception, receipt);
            }
        }
        Err(TaskError::Retry { countdown, reason }) => {
            if policy.allows(message.retries) {
                retry(core, delivery, reason, countdown, receipt);
                return;
            }
            let text =
                format!("{} has been retried {} times: {reason}", message.id, message.retries);
            let exception = Exception::celery("MaxRetriesExceededError", text);
            tracing::error!(task = &*message.task, id = &*message.id, %exception, "failed");
            core.event(|| events::failed(&message.id, &exception));
            fail(core, message, exception, receipt);
        }
        Err(TaskError::Ignore) => core.settle(Vec::new(), receipt),
        Err(TaskError::Reject { requeue, reason }) => {
            tracing::warn!(task = &*message.task, id = &*message.id, requeue, reason, "rejected");
            if acked {
                return;
            }
            core.disown(&delivery.receipt);
            let how = if requeue { Nack::GiveBack } else { Nack::Bury { reason } };
            if let Err(error) = core.shared.broker.nack(delivery, how) {
                tracing::error!(%error, id = &*message.id, "a rejected task is left as it is");
            }
        }
    }
}

/// A task has failed finally.
pub(super) fn fail(core: &Core, message: &Message, exception: Exception, receipt: Option<Receipt>) {
    core.failed_parts(message, &exception);
    let keep = !message.ignore_result;
    let result =
        keep.then(|| StoredResult::unhappy(Arc::clone(&message.id), State::Failure, exception));
    core.settle(result.map(|result| result.of(message)).into_iter().collect(), receipt);
}

/// Sends the same message again, for later; then acknowledges the old one.
fn retry(
    core: &Core,
    delivery: &Delivery,
    reason: Exception,
    countdown: Duration,
    receipt: Option<Receipt>,
) {
    let Ok(message) = &delivery.content else { return };
    tracing::info!(task = &*message.task, id = &*message.id, %reason, ?countdown, "to be retried");
    let mut again = message.as_ref().clone();
    again.retries = again.retries.saturating_add(1);
    again.eta = SystemTime::now().checked_add(countdown);
    if let Err(error) = core.shared.broker.push(vec![again]) {
        tracing::error!(%error, id = &*message.id, "a retry could not be sent");
        if receipt.is_some() {
            core.give_back(delivery);
        }
        return;
    }
    core.event(|| events::retried(&message.id, &reason));
    let keep = !message.ignore_result;
    let result = keep.then(|| StoredResult::unhappy(Arc::clone(&message.id), State::Retry, reason));
    core.settle(result.map(|result| result.of(message)).into_iter().collect(), receipt);
}

impl Core {
    /// Stores and acknowledges: at once if that is only a lock, else by the finisher.
    pub(super) fn settle(&self, results: Vec<StoredResult>, receipt: Option<Receipt>) {
        if !self.is_local() {
            // The outbox is shut down when all runners have ended.
            let _ = self.outbox.put(Done { results, receipt });
            return;
        }
        let store = |result| self.shared.results.put_owned(result);
        if let Err(error) = results.into_iter().try_for_each(store) {
            tracing::error!(%error, "a result could not be stored");
        }
        if let Err(error) = receipt.map_or(Ok(()), |receipt| self.shared.broker.ack(&[receipt])) {
            tracing::error!(%error, "a task could not be acknowledged");
        }
    }

    /// This message must no longer be refreshed.
    pub(super) fn disown(&self, receipt: &Receipt) {
        if !self.is_local() {
            self.owned.lock().remove(&receipt_key(receipt));
        }
    }

    /// Starts the successors of a task that has returned a value.
    fn follow(&self, message: &Message, value: &Value) -> Result<(), Error> {
        let Some(next) = message.next.as_deref() else { return Ok(()) };
        let origin = Origin { root: Some(message.root()), parent: Some(&message.id) };
        let route = |task: &str| self.shared.queue_of(task);
        for callback in &next.callbacks {
            self.shared.run(launch(callback.clone(), Some(value), origin, &route)?)?;
        }
        if !next.chain.is_empty() {
            self.shared.run(launch_chain(next.chain.clone(), Some(value), origin, &route)?)?;
        }
        if let (Some(body), Some((group, index))) = (&next.chord, &message.group) {
            let part =
                ChordPart { id: message.id.to_string(), index: *index, outcome: Ok(value.clone()) };
            self.chord_part(group, part, body, origin)?;
        }
        Ok(())
    }

    /// Notifies what depends on a failed task: its errbacks, the rest of its chain, its chord.
    pub(super) fn failed_parts(&self, message: &Message, exception: &Exception) {
        let Some(next) = message.next.as_deref() else { return };
        let origin = Origin { root: Some(message.root()), parent: Some(&message.id) };
        self.errbacks(&next.errbacks, &message.id, origin);
        for task in &next.chain {
            self.fail_signature(task, exception, origin);
        }
        if let (Some(body), Some((group, index))) = (&next.chord, &message.group) {
            let outcome = Err(exception.clone());
            let part = ChordPart { id: message.id.to_string(), index: *index, outcome };
            if let Err(error) = self.chord_part(group, part, body, origin) {
                tracing::error!(%error, group, "a chord was not told of a failure");
            }
        }
    }

    fn errbacks(&self, errbacks: &[Signature], failed: &str, origin: Origin<'_>) {
        for errback in errbacks {
            let started = launch(errback.clone(), Some(&failed.into()), origin, &|task| {
                self.shared.queue_of(task)
            });
            if let Err(error) = started.and_then(|plan| self.shared.run(plan)) {
                tracing::error!(%error, task = errback.first_task(), "an errback could not be sent");
            }
        }
    }

    /// A task that will never run, because an earlier one failed, fails with the same exception, so
    /// a waiter for its result learns of it.
    fn fail_signature(&self, signature: &Signature, exception: &Exception, origin: Origin<'_>) {
        let mut results = Vec::new();
        let mut chords = Vec::new();
        signature.clone().all_calls(&mut |call: &mut Call| {
            let Some(id) = call.options.task_id.clone() else { return };
            results.push(StoredResult::unhappy(id.as_str(), State::Failure, exception.clone()));
            if let (Some(body), Some(group)) = (call.options.chord.take(), &call.options.group_id) {
                let outcome = Err(exception.clone());
                let part = ChordPart { id, index: call.options.group_index, outcome };
                chords.push((group.clone(), part, body));
            }
        });
        if let Err(error) = self.shared.results.put(&results) {
            tracing::error!(%error, "the failure of a chain could not be stored");
        }
        for (group, part, body) in chords {
            if let Err(error) = self.chord_part(&group, part, &body, origin) {
                tracing::error!(%error, group, "a chord was not told of a failure");
            }
        }
    }

    /// A member of a chord's header has ended. After the last one the body is started, or fails.
    fn chord_part(
        &self,
        group: &str,
        part: ChordPart,
        body: &Signature,
        origin: Origin<'_>,
    ) -> Result<(), Error> {
        let Some(ready) = self.shared.results.chord_part(group, part)? else { return Ok(()) };
        let ChordReady { parts, token } = ready;
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            match part.outcome {
                Ok(value) => values.push(value),
                Err(exception) => {
                    let text = format!("Dependency {} raised {}", part.id, exception.repr());
                    self.fail_body(body, &Exception::celery("ChordError", text), origin);
                    return self.shared.results.chord_end(group, &token, false);
                }
            }
        }
        let values = Value::Array(values);
        let route = |task: &str| self.shared.queue_of(task);
        let plan = launch(
            body.clone(),
            Some(&values),
            Origin { root: origin.root, parent: origin.parent },
            &route,
        );
        match plan.and_then(|plan| self.shared.run(plan)) {
            Ok(()) => self.shared.results.chord_end(group, &token, true),
            Err(error @ Error::Broker(_)) => Err(error), // tried again when the member is
            Err(error) => {
                self.fail_body(body, &Exception::of(&error), origin);
                self.shared.results.chord_end(group, &token, false)
            }
        }
    }

    /// The body of a chord will never run.
    fn fail_body(&self, body: &Signature, exception: &Exception, origin: Origin<'_>) {
        let mut errbacks: Vec<Signature> = Vec::new();
        let mut id = String::new();
        body.clone().all_calls(&mut |call: &mut Call| {
            for errback in &call.options.link_error {
                if !errbacks.contains(errback) {
                    errbacks.push(errback.clone());
                }
            }
            id = call.options.task_id.clone().unwrap_or_default();
        });
        tracing::error!(body = body.first_task(), %exception, "a chord has failed");
        self.fail_signature(body, exception, origin);
        self.errbacks(&errbacks, &id, origin);
    }
}

impl StoredResult {
    /// Adds the place that a message belongs to.
    pub(super) fn of(mut self, message: &Message) -> Self {
        self.group = message.group_id().map(str::to_owned);
        self.parent.clone_from(&message.parent);
        self
    }
}
