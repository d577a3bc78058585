//! Beat: sends tasks again and again, by the clock.
//!
//! ```text
//!   beat ─┐                                    ┌─ every 10 s:      refresh ─▶ a queue
//!   beat ─┼─ lead("beat")? ── one of them ─────┤
//!   beat ─┘        the others look again       └─ 0 3 * * mon:     report  ─▶ a queue
//! ```
//!
//! Any number of programs may run one schedule: one of them leads, and sends; if it dies, another
//! leads within [`TERM`]. The broker stores when an entry was last sent, so the next leader
//! continues where the last one stopped. Two of Celery's beats would send everything twice.
//!
//! Entries of the same name share that note: the name identifies an entry.

mod crontab;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use primitives::Event;
use primitives::threads::{Builder, JoinHandle};

pub use self::crontab::Crontab;
use crate::app::App;
use crate::clock::{from_iso, to_iso};
use crate::error::{Error, check_name};
use crate::id::new_id;
use crate::signature::Signature;

/// A leader that is silent for this long is replaced.
const TERM: Duration = Duration::from_secs(5);

/// How often the leader confirms that it leads, and the others ask.
const TICK: Duration = Duration::from_secs(1);

/// When an entry becomes due.
#[derive(Clone, Debug)]
enum When {
    Every(Duration),
    At(Crontab),
}

impl When {
    /// The first time after `last`.
    fn next(&self, last: SystemTime) -> SystemTime {
        match self {
            Self::Every(interval) => last.checked_add(*interval).unwrap_or(last + TERM),
            Self::At(crontab) => crontab.next(last),
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    when: When,
    what: Signature,
    /// When it was last sent; initially, when this beat began.
    last: SystemTime,
}

/// A schedule that has not started. [`start`](Self::start) starts it.
///
/// ```
/// use std::time::Duration;
/// use tasks::{App, Beat, Crontab, InProcess, Signature};
///
/// let app = App::new(InProcess::new());
/// let beat = Beat::new(&app)
///     .every("clean", Duration::from_secs(30), Signature::new("clean"))?
///     .at("report", Crontab::parse("0 3 * * mon")?, Signature::new("report"))?
///     .start()?;
/// beat.stop();
/// # Ok::<(), tasks::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Beat {
    app: App,
    entries: Vec<Entry>,
}

impl Beat {
    /// An empty schedule.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), entries: Vec::new() }
    }

    /// Adds an entry that is sent once in each interval, first after one interval. What a pause of
    /// all beats has missed is sent once.
    ///
    /// # Errors
    ///
    /// If the interval is zero, or the name is not valid or is taken.
    pub fn every(self, name: &str, interval: Duration, what: Signature) -> Result<Self, Error> {
        if interval.is_zero() {
            return Err(Error::Schedule(format!("{name:?} every 0 s would never end")));
        }
        self.add(name, When::Every(interval), what)
    }

    /// At those times.
    ///
    /// # Errors
    ///
    /// If the name is not valid or is taken.
    pub fn at(self, name: &str, times: Crontab, what: Signature) -> Result<Self, Error> {
        self.add(name, When::At(times), what)
    }

    fn add(mut self, name: &str, when: When, what: Signature) -> Result<Self, Error> {
        check_name("schedule's entry", name)?;
        if self.entries.iter().any(|entry| entry.name == name) {
            return Err(Error::Schedule(format!("there is an entry {name:?} already")));
        }
        self.entries.push(Entry { name: name.into(), when, what, last: SystemTime::now() });
        Ok(self)
    }

    /// Starts a thread that sends due entries while it leads.
    ///
    /// # Errors
    ///
    /// If there is no entry, or the system cannot make a thread.
    pub fn start(self) -> Result<BeatHandle, Error> {
        if self.entries.is_empty() {
            return Err(Error::Schedule("a schedule without an entry never comes due".into()));
        }
        let stop = Arc::new(Event::new());
        let (me, stopped) = (new_id::<String>(), Arc::clone(&stop));
        let run = move || self.run(&me, &stopped);
        let thread = Builder::new().name("beat").spawn(run);
        let thread = thread.map_err(|error| Error::Setting(format!("no thread: {error}")))?;
        Ok(BeatHandle { stop, thread: Some(thread) })
    }

    fn run(mut self, me: &str, stop: &Event) {
        let broker = Arc::clone(self.app.broker());
        let mut leads = false;
        loop {
            let led = std::mem::replace(
                &mut leads,
                match broker.lead("beat", me, TERM) {
                    Ok(leads) => leads,
                    Err(error) => {
                        tracing::error!(%error, "the leader is not known; nothing is sent");
                        false
                    }
                },
            );
            if leads && !led {
                tracing::info!("this beat leads");
                self.entries.iter_mut().for_each(|entry| entry.read_note(&self.app));
            }
            let due = if leads { self.send_due() } else { None };
            let wait = due.map_or(TICK, |due| crate::clock::until(due).min(TICK));
            if stop.wait_timeout(wait) {
                break;
            }
        }
        if leads && let Err(error) = broker.resign("beat", me) {
            tracing::warn!(%error, "the next beat leads when this one's time is over");
        }
    }

    /// Sends due entries, and returns when the next one will be due.
    fn send_due(&mut self) -> Option<SystemTime> {
        let now = SystemTime::now();
        for entry in &mut self.entries {
            if entry.when.next(entry.last) <= now {
                entry.send(&self.app, now);
            }
        }
        self.entries.iter().map(|entry| entry.when.next(entry.last)).min()
    }
}

impl Entry {
    fn note(&self) -> String {
        format!("beat.{}", self.name)
    }

    /// Continues where another leader stopped.
    fn read_note(&mut self, app: &App) {
        match app.broker().note(&self.note()) {
            Ok(note) => {
                if let Some(last) = note.as_deref().and_then(from_iso) {
                    self.last = last.min(SystemTime::now());
                }
            }
            Err(error) => {
                tracing::warn!(%error, entry = self.name, "when it was sent is not known")
            }
        }
    }

    /// It notes the entry before it sends it: a beat that dies in between skips one, and none is
    /// sent twice.
    fn send(&mut self, app: &App, now: SystemTime) {
        // In step with the interval, not with the wake-up of this thread; missed entries are sent
        // once.
        let due = self.when.next(self.last);
        self.last = if self.when.next(due) > now { due } else { now };
        let noted = app.broker().set_note(&self.note(), &to_iso(self.last));
        if let Err(error) = noted.and_then(|()| app.shared.start(self.what.clone())) {
            tracing::error!(%error, entry = self.name, "what was due could not be sent");
        }
    }
}

/// A running schedule. Dropping it [stops](Self::stop) it.
pub struct BeatHandle {
    stop: Arc<Event>,
    thread: Option<JoinHandle<()>>,
}

impl BeatHandle {
    /// Stops it, and lets another lead at once. Waits for a send in progress.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.set();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic was reported by the hook
        }
    }
}

impl Drop for BeatHandle {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for BeatHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BeatHandle").field("stopped", &self.stop.is_set()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;
    use crate::InProcess;

    #[test]
    fn of_two_beats_one_sends() {
        let app = App::new(InProcess::new());
        let (sent, third) = (Arc::new(AtomicU32::new(0)), Arc::new(Event::new()));
        let (count, ring) = (Arc::clone(&sent), Arc::clone(&third));
        app.task("tick", move |_, ()| {
            if count.fetch_add(1, Relaxed) == 2 {
                ring.set();
            }
            Ok(())
        })
        .unwrap();
        let worker = app.worker().concurrency(1).start().unwrap();
        let interval = Duration::from_millis(300);
        let began = SystemTime::now();
        let start =
            || Beat::new(&app).every("t", interval, Signature::new("tick")).unwrap().start();
        let beats = [start().unwrap(), start().unwrap()];
        assert!(third.wait_timeout(Duration::from_secs(60)));
        let passed = began.elapsed().unwrap();
        beats.into_iter().for_each(BeatHandle::stop);
        worker.stop();
        let most = (passed.as_millis() / interval.as_millis()) as u32;
        assert!(sent.load(Relaxed) <= most + 1, "{sent:?} in {passed:?}");
    }

    #[test]
    fn what_never_comes_due_is_refused() {
        let app = App::new(InProcess::new());
        let says = |error: Error, word: &str| assert!(error.to_string().contains(word), "{error}");
        says(Beat::new(&app).start().unwrap_err(), "without an entry");
        let nothing = Beat::new(&app).every("a", Duration::ZERO, Signature::new("t"));
        says(nothing.unwrap_err(), "\"a\"");
        let second = Duration::from_secs(1);
        let one = Beat::new(&app).every("a", second, Signature::new("t")).unwrap();
        says(one.every("a", second, Signature::new("t")).unwrap_err(), "already");
    }
}
