//! Keeps a lane for each thread, from the marks that `tracing` hands on.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use primitives::{Lock, threads};
use tracing::field::{Field, Visit};
use tracing::span::Id;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::lane::{Lane, Plot};
use super::phases::Phase;
use super::picture::Picture;
use super::profile::Profile;

/// All lanes, in the order in which the threads made their first mark.
pub(super) struct Recorder {
    started: Instant,
    stopped: AtomicBool,
    lanes: Lock<Vec<Arc<Lock<Lane>>>>,
    plots: Lock<Vec<Plot>>,
    phases: Lock<Vec<Phase>>,
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
            phases: Lock::new(Vec::new()),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Ends the recording: a thread that is still in a state stays in it until now.
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
        Picture::new(end, lanes, plots, mem::take(&mut *self.phases.lock()))
    }

    fn new_lane(&self, now: u64) -> Arc<Lock<Lane>> {
        let lane = Arc::new(Lock::new(Lane {
            name: threads::current().name().to_owned(),
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

    fn phase(&self, name: String) {
        if !self.stopped.load(Relaxed) {
            self.phases.lock().push(Phase { name, begins: self.now() });
        }
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
        let mut said = Said::default();
        event.record(&mut said);
        match (event.metadata().target(), said) {
            ("level", Said { level: Some(level), .. }) => {
                self.0.level(event.metadata().name(), level);
            }
            ("phase", Said { phase: Some(phase), .. }) => self.0.phase(phase),
            _ => {} // another library's event
        }
    }
}

/// Finds the number of a `level!`, and the name of a `phase!`.
#[derive(Default)]
struct Said {
    level: Option<u64>,
    phase: Option<String>,
}

impl Visit for Said {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.level = Some(value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "phase" {
            self.phase = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
