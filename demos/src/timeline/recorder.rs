//! Keeps a lane for each thread, from the marks that `tracing` hands on.

use std::cell::RefCell;
use std::mem;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use primitives::{Lock, thread};
use tracing::field::{Field, Visit};
use tracing::span::Id;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::picture::Picture;
use super::profile::Profile;

/// What a thread does at a moment: an index of the columns of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Runs = 0,
    Waits = 1,
    Holds = 2,
    /// The state that a deadlock is made of.
    HoldsAndWaits = 3,
}

impl State {
    pub(super) const ALL: [Self; 4] = [Self::Runs, Self::Waits, Self::Holds, Self::HoldsAndWaits];
}

/// One thread's time.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) profile: Profile<4>,
    /// Nanoseconds in each state.
    pub(super) totals: [u64; 4],
    /// From its first mark to its last.
    pub(super) life: Range<u64>,
    /// When the state began that it is in now.
    since: u64,
    /// How many marks of each kind are open. All zero: not at work, or not any more.
    running: usize,
    waiting: usize,
    holding: usize,
}

impl Lane {
    fn state(&self) -> Option<State> {
        match (self.running, self.waiting, self.holding) {
            (0, 0, 0) => None,
            (_, 0, 0) => Some(State::Runs),
            (_, _, 0) => Some(State::Waits),
            (_, 0, _) => Some(State::Holds),
            _ => Some(State::HoldsAndWaits),
        }
    }

    /// Adds the time since the last change to the state that ends now.
    fn change(&mut self, now: u64, change: impl FnOnce(&mut Self)) {
        if let Some(state) = self.state() {
            self.profile.add(state as usize, self.since, now, 1.0);
            self.totals[state as usize] += now - self.since;
            self.life.end = now;
        }
        self.since = now;
        change(self);
    }

    fn counter(&mut self, target: &str) -> Option<&mut usize> {
        match target {
            "running" => Some(&mut self.running),
            "waiting" => Some(&mut self.waiting),
            "holding" => Some(&mut self.holding),
            _ => None, // somebody else's span
        }
    }
}

/// A number over the time.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) name: &'static str,
    pub(super) profile: Profile<1>,
    pub(super) most: u64,
    last: u64,
    since: u64,
}

impl Plot {
    fn change(&mut self, now: u64, level: u64) {
        // Two threads may come in the order in which they did not look at the clock.
        let now = now.max(self.since);
        self.profile.add(0, self.since, now, self.last as f32);
        self.most = self.most.max(level);
        (self.since, self.last) = (now, level);
    }
}

/// All lanes, in the order in which the threads made their first mark.
pub(super) struct Recorder {
    started: Instant,
    stopped: AtomicBool,
    lanes: Lock<Vec<Arc<Lock<Lane>>>>,
    plots: Lock<Vec<Plot>>,
}

thread_local! {
    /// The lane of this thread. Its lock is free but at the end, when the recorder looks.
    static LANE: RefCell<Option<Arc<Lock<Lane>>>> = const { RefCell::new(None) };
}

impl Recorder {
    pub(super) fn starting_now() -> Self {
        Self {
            started: Instant::now(),
            stopped: AtomicBool::new(false),
            lanes: Lock::new(Vec::new()),
            plots: Lock::new(Vec::new()),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Ends the recording: whoever is still in a state, is in it until now.
    pub(super) fn stop(&self) -> Picture {
        // Relaxed: a mark that is late by a moment does no harm, each lane has a lock.
        self.stopped.store(true, Relaxed);
        let end = self.now();
        let lanes = self
            .lanes
            .lock()
            .iter()
            .map(|lane| {
                let mut lane = lane.lock().clone();
                lane.change(end.max(lane.since), |_| ());
                lane
            })
            .collect();
        let mut plots = mem::take(&mut *self.plots.lock());
        plots.iter_mut().for_each(|plot| plot.change(end, plot.last));
        Picture::new(end, lanes, plots)
    }

    fn new_lane(&self, now: u64) -> Arc<Lock<Lane>> {
        let lane = Arc::new(Lock::new(Lane {
            name: thread::current().name().to_owned(),
            profile: Profile::new(),
            totals: [0; 4],
            life: now..now,
            since: now,
            running: 0,
            waiting: 0,
            holding: 0,
        }));
        self.lanes.lock().push(Arc::clone(&lane));
        lane
    }

    /// Changes the lane of the calling thread.
    fn mark(&self, target: &str, change: impl FnOnce(&mut usize)) {
        if self.stopped.load(Relaxed) {
            return;
        }
        let now = self.now();
        LANE.with_borrow_mut(|lane| {
            let lane = lane.get_or_insert_with(|| self.new_lane(now));
            lane.lock().change(now, |lane| {
                if let Some(counter) = lane.counter(target) {
                    change(counter);
                }
            });
        });
    }

    fn level(&self, name: &'static str, level: u64) {
        if self.stopped.load(Relaxed) {
            return;
        }
        let mut plots = self.plots.lock();
        let now = self.now();
        let plot = match plots.iter_mut().position(|plot| plot.name == name) {
            Some(at) => &mut plots[at],
            None => {
                let profile = Profile::new();
                plots.push(Plot { name, profile, most: 0, last: 0, since: 0 });
                plots.last_mut().expect("it was pushed just now")
            }
        };
        plot.change(now, level);
    }
}

/// The layer: hears of each mark and tells the recorder.
pub(super) struct Marks(Arc<Recorder>);

impl Marks {
    pub(super) fn new(recorder: Arc<Recorder>) -> Self {
        Self(recorder)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Marks {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(mark) = context.metadata(id) {
            self.0.mark(mark.target(), |open| *open += 1);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(mark) = context.metadata(id) {
            self.0.mark(mark.target(), |open| *open = open.saturating_sub(1));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut level = Level(None);
        event.record(&mut level);
        if let ("level", Some(level)) = (event.metadata().target(), level.0) {
            self.0.level(event.metadata().name(), level);
        }
    }
}

/// Finds the one number of a `level!`.
struct Level(Option<u64>);

impl Visit for Level {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.0 = Some(value);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
