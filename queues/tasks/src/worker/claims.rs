//! Claiming ahead, refreshing claims, and sweeping up after dead workers.

use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use crate::options::RetryPolicy;

/// How long a claim waits for the first message. It limits how long a worker takes to end.
const CLAIM: Duration = Duration::from_millis(200);

/// A dead worker's tasks come back within the visibility timeout and this time.
const SWEEP: Duration = Duration::from_millis(500);

/// How often a claim is refreshed within the visibility timeout. Two refreshes may fail before it
/// is lost.
const REFRESHES: u32 = 4;

/// How long to wait before asking a server again that did not answer.
fn back_off() -> RetryPolicy {
    RetryPolicy::new().first(Duration::from_millis(100)).most(Duration::from_secs(5))
}

/// Claims whenever there is room, and passes the messages to the executor's threads.
pub(super) fn claimer(core: &Core) {
    let broker = &core.shared.broker;
    let (mut failures, back_off) = (0, back_off());
    while !core.is_stopping() {
        core.wait_for_room();
        let queues = Arc::clone(&core.queues.lock());
        if core.is_stopping() {
            return;
        }
        match broker.claim(&queues, core.room(), CLAIM) {
            Ok(claimed) => {
                if failures > 0 {
                    tracing::info!(broker = broker.name(), "the broker answers again");
                    failures = 0;
                }
                for delivery in claimed {
                    let delivery = Arc::new(delivery);
                    core.own(&delivery);
                    if core.inbox.put(Arc::clone(&delivery)).is_err() {
                        core.give_back(&delivery);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, failures, "no tasks can be claimed");
                core.wait_for_stop_timeout(back_off.delay(failures));
                failures = failures.saturating_add(1);
            }
        }
    }
}

// ANCHOR: keeper
/// Reports that this worker is alive, and looks for dead ones.
pub(super) fn keeper(core: &Core) {
    let broker = &core.shared.broker;
    let Some(visible) = broker.visibility_timeout() else { return };
    let tick = (visible / REFRESHES).min(SWEEP);
    let mut ticks_to_refresh = 0;
    loop {
        if ticks_to_refresh == 0 {
            let owned: Vec<_> =
                core.owned.lock().values().map(|delivery| delivery.receipt.clone()).collect();
            if let Err(error) = broker.refresh(&owned) {
                tracing::error!(%error, "claims could not be refreshed");
            } else {
                let ticks = (visible / REFRESHES).as_secs_f64() / tick.as_secs_f64();
                ticks_to_refresh = ticks as u32;
            }
        }
        ticks_to_refresh = ticks_to_refresh.saturating_sub(1);
        match broker.sweep() {
            Ok(0) => {}
            Ok(given_back) => {
                tracing::warn!(given_back, "a worker has died; its tasks are back in their queues");
            }
            Err(error) => tracing::error!(%error, "no sweep for dead workers"),
        }
        if core.over.wait_timeout(tick) {
            return;
        }
    }
}
// ANCHOR_END: keeper
