//! Running tasks, each under its time limits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use queues::{Executor, Workers};

use super::check::{Verdict, check};
use super::core::{Core, Running};
use super::events;
use super::finish::{fail, finish};
use crate::broker::Delivery;
use crate::context::{Context, Told};
use crate::definition::Definition;
use crate::error::Error;
use crate::exception::Exception;
use crate::state::{State, StoredResult};

/// How long a thread that claims by itself waits for a task. It is woken to end. If it misses a
/// wake-up between its check and its claim, it ends that much later.
const CLAIM: Duration = Duration::from_millis(500);

/// How long it waits before it asks again after a broker error.
const AGAIN: Duration = Duration::from_millis(100);

/// Starts `count` threads that run tasks.
pub(super) fn start_runners(core: &Arc<Core>, count: usize) -> Result<(), Error> {
    let workers = Workers::new(count).name(format!("task of {}", core.config.name));
    let executor = Executor::with_workers(workers)
        .map_err(|error| Error::Setting(format!("no thread to run tasks: {error}")))?;
    for _ in 0..count {
        let (runners_core, number) = (Arc::clone(core), core.number());
        core.runners.lock().insert(number);
        drop(executor.submit(move || runner(&runners_core, number)));
    }
    core.executors.lock().push(executor);
    Ok(())
}

/// A thread of the executor: runs one task after the other, until the worker stops or gives it up.
fn runner(core: &Arc<Core>, number: u64) {
    while let Some(delivery) = next(core) {
        if let Verdict::Run(delivery, definition) = check(core, delivery)
            && run(core, delivery, &definition, number).is_break()
        {
            return; // given up, and another has taken its place
        }
    }
    core.runner_ended(number);
}

/// The next task; `None` when the worker stops. A message that comes at that moment goes back.
fn next(core: &Core) -> Option<Arc<Delivery>> {
    let delivery = if core.is_local() { claim(core) } else { core.inbox.get().ok() }?;
    if core.is_stopping() {
        core.give_back(&delivery);
        return None;
    }
    Some(delivery)
}

fn claim(core: &Core) -> Option<Arc<Delivery>> {
    while !core.is_stopping() {
        let queues = Arc::clone(&core.queues.lock());
        match core.shared.broker.claim(&queues, 1, CLAIM) {
            Ok(mut claimed) => {
                if let Some(delivery) = claimed.pop() {
                    return Some(Arc::new(delivery));
                }
            }
            Err(error) => {
                tracing::error!(%error, "no tasks can be claimed");
                core.wait_for_stop_timeout(AGAIN);
            }
        }
    }
    None
}

fn run(
    core: &Arc<Core>,
    delivery: Arc<Delivery>,
    definition: &Definition,
    runner: u64,
) -> ControlFlow<()> {
    let Ok(message) = &delivery.content else { unreachable!("it was checked") };
    let options = &definition.options;
    let acked = !options.acks_late;
    if acked {
        core.settle(Vec::new(), Some(delivery.receipt.clone()));
    }
    if options.track_started && !message.ignore_result {
        let started =
            StoredResult::new(Arc::clone(&message.id), State::Started, serde_json::Value::Null);
        if let Err(error) = core.shared.results.put(&[started.of(message)]) {
            tracing::error!(%error, id = &*message.id, "its start could not be stored");
        }
    }
    core.event(|| events::received(message));
    core.event(|| events::started(message));

    let told = Arc::new(Told::default());
    let limits = [
        message.soft_time_limit.or(options.soft_time_limit),
        message.time_limit.or(options.time_limit),
    ];
    let number = core.number();
    let since = Instant::now();
    let entry = Running {
        delivery: Arc::clone(&delivery),
        told: Arc::clone(&told),
        runner,
        since: SystemTime::now(),
        acked,
    };
    core.running.lock().insert(number, entry);
    let timers = limit(core, number, limits, &told);

    let context = Context {
        message,
        redeliveries: delivery.redeliveries,
        results: &*core.shared.results,
        policy: &options.retry,
        told,
    };
    let outcome = {
        let _span = tracing::info_span!(
            "task",
            name = &*message.task,
            id = &*message.id,
            retries = message.retries
        )
        .entered();
        definition.run(&context)
    };
    drop(context);
    for timer in timers.into_iter().flatten() {
        timer.cancel(); // or it has rung
    }

    // The thread that takes it off the list finishes it.
    if core.running.lock().remove(&number).is_none() {
        tracing::warn!(id = &*message.id, "a task that was given up has returned");
        return ControlFlow::Break(());
    }
    core.count(&definition.name);
    finish(core, &delivery, definition, outcome, since.elapsed(), acked);
    core.free();
    ControlFlow::Continue(())
}

/// Sets the alarms of a task.
fn limit(
    core: &Arc<Core>,
    number: u64,
    [soft, hard]: [Option<Duration>; 2],
    told: &Arc<Told>,
) -> [Option<primitives::TimerHandle>; 2] {
    let soft = soft.map(|limit| {
        let told = Arc::clone(told);
        core.timers.after(limit, move || told.soft_limit())
    });
    let hard = hard.map(|limit| {
        let core = Arc::clone(core);
        core.clone().timers.after(limit, move || {
            let kind =
                Exception::new("TimeLimitExceeded", "billiard.exceptions", limit.as_secs_f64());
            give_up(&core, number, State::Failure, kind);
        })
    });
    [soft, hard]
}

/// Ends a running task for all but its thread, which runs on until the task returns; another thread
/// replaces it. Returns whether the task was running.
pub(super) fn give_up(core: &Arc<Core>, number: u64, state: State, why: Exception) -> bool {
    let Some(running) = core.running.lock().remove(&number) else { return false };
    running.told.give_up();
    core.given_up.set();
    let Ok(message) = &running.delivery.content else { return false };
    tracing::error!(task = &*message.task, id = &*message.id, %why, "given up; its thread may go on");
    let receipt = (!running.acked).then(|| running.delivery.receipt.clone());
    if state == State::Revoked {
        core.event(|| events::revoked(message, false, true));
        core.failed_parts(message, &why);
        core.settle(
            vec![StoredResult::unhappy(Arc::clone(&message.id), state, why).of(message)],
            receipt,
        );
    } else {
        core.event(|| events::failed(&message.id, &why));
        fail(core, message, why, receipt);
    }
    core.free();
    if !core.is_stopping()
        && let Err(error) = start_runners(core, 1)
    {
        tracing::error!(%error, "the thread of a task that was given up has no successor");
    }
    core.runner_ended(running.runner);
    true
}
