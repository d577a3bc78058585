//! One run: a body on one thread, or on several that begin together.

use std::hint;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::sample::Sample;
use crate::system;

/// How a contestant is run, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Only to see that it runs.
    quick: bool,
    /// The part of the operations to be done.
    part: f64,
    /// One thread a core, if there are cores enough.
    pinned: bool,
    /// Pinned even with too few cores, in turns; waiting for a core is then part of the
    /// measurement.
    loaded: bool,
    cores: usize,
}

/// Tells a thread when its time is over.
#[derive(Debug)]
pub struct Clock {
    end: Instant,
}

/// What one thread of a team measured.
struct Lap {
    operations: u64,
    start: Instant,
    end: Instant,
    cpu: Option<Duration>,
    waited: Option<Duration>,
}

impl Clock {
    /// The most operations between two looks at the clock: a look is about 25 ns.
    const MOST: u64 = 32;

    /// The longest time between two looks. An operation that takes a tenth of a microsecond on a
    /// quiet machine can take a slice of four milliseconds beside other work. Then there is a look
    /// after each, so that the time is over when it should be.
    const LONGEST: Duration = Duration::from_micros(100);

    /// Calls `operation` until the time is over, and returns how often.
    #[inline]
    pub fn repeat(&self, mut operation: impl FnMut()) -> u64 {
        let (mut operations, mut step) = (0, 1);
        let mut now = Instant::now();
        while now < self.end {
            for _ in 0..step {
                operation();
            }
            operations += step;
            let before = mem::replace(&mut now, Instant::now());
            let is_short = now - before < Self::LONGEST;
            step = if is_short { (2 * step).min(Self::MOST) } else { step.div_ceil(2) };
        }
        operations
    }
}

impl Run {
    /// The part of the operations that a first run does.
    const FIRST: f64 = 0.02;

    /// What a run should take at most, so that a row has its rounds.
    const LONGEST: Duration = Duration::from_millis(100);

    /// How long a run of [`until_over`](Self::until_over) takes.
    const SPELL: Duration = Duration::from_millis(10);

    /// The same beside other work: long enough for several slices of every thread.
    const SPELL_LOADED: Duration = Duration::from_millis(30);

    /// The first run of each contestant is neither counted nor pinned: some contestants ask once
    /// for the number of cores, and on a pinned thread std answers "one".
    pub(crate) fn warm_up(quick: bool, loaded: bool) -> Self {
        let part = if quick { 0.001 } else { Self::FIRST };
        Self { quick, part, pinned: false, loaded, cores: system::cores() }
    }

    /// A counted run, sized by the time of the first run.
    pub(crate) fn counted(quick: bool, loaded: bool, first: Duration) -> Self {
        let whole = first.as_secs_f64() / Self::FIRST;
        let part = Self::LONGEST.as_secs_f64() / whole;
        let part = if quick { 0.001 } else { part.clamp(0.001, 1.0) };
        Self { quick, part, pinned: true, loaded, cores: system::cores() }
    }

    /// That many operations, or as many as the time allows.
    #[must_use]
    pub fn scaled(&self, operations: u64) -> u64 {
        ((operations as f64 * self.part) as u64).max(2)
    }

    /// `number`, or a thousandth of it if nothing is measured.
    #[must_use]
    pub fn shortened(&self, number: u64) -> u64 {
        if self.quick { (number / 1000).max(2) } else { number }
    }

    /// This one thread does `operation` that many times.
    #[inline]
    pub fn alone(&self, operations: u64, mut operation: impl FnMut()) -> Sample {
        let operations = self.scaled(operations);
        self.alone_at(operations, || (0..operations).for_each(|_| operation()))
    }

    /// This one thread does that many operations in one call.
    #[inline]
    pub fn alone_at(&self, operations: u64, body: impl FnOnce()) -> Sample {
        let waited = system::waited_for_a_core();
        let cpu = system::processor_time();
        let start = Instant::now();
        body();
        let lap = Lap::since(start, cpu, waited, operations);
        self.sample(&[lap], operations, false)
    }

    /// Threads that each do as much as they can in `time`; `body` gets the number of its thread,
    /// and returns how many operations it did.
    pub fn for_a_while(
        &self,
        threads: usize,
        time: Duration,
        body: impl Fn(usize, &Clock) -> u64 + Sync,
    ) -> Sample {
        let time = if self.quick { time / 100 } else { time };
        let laps = self.team(threads, |thread, start| body(thread, &Clock { end: start + time }));
        let operations = laps.iter().map(|lap| lap.operations).sum();
        self.sample(&laps, operations, true)
    }

    /// Threads that need each other for every operation, and do as many as they can in a short
    /// time; `body` gets the number of its thread, and returns how many operations it counted. It
    /// is up to the threads to agree on the end.
    ///
    /// Rows with a [`Load`](crate::Load) are measured so: how long an operation takes there cannot
    /// be known before, and a number of operations that is right for one contestant would take
    /// another minutes.
    pub fn until_over(&self, threads: usize, body: impl Fn(usize, &Clock) -> u64 + Sync) -> Sample {
        let spell = if self.loaded { Self::SPELL_LOADED } else { Self::SPELL };
        let is_counted = self.pinned && !self.quick;
        let time = if is_counted { spell } else { spell / 20 };
        let laps = self.team(threads, |thread, start| body(thread, &Clock { end: start + time }));
        let operations = laps.iter().map(|lap| lap.operations).sum();
        self.sample(&laps, operations, false)
    }

    /// Threads that share `operations`; `body` gets the number of its thread.
    pub fn until_done(
        &self,
        threads: usize,
        operations: u64,
        body: impl Fn(usize) + Sync,
    ) -> Sample {
        let laps = self.team(threads, |thread, _| {
            body(thread);
            0
        });
        self.sample(&laps, operations, false)
    }

    fn sample(&self, laps: &[Lap], operations: u64, in_a_set_time: bool) -> Sample {
        let each = |time: Duration| time.as_secs_f64() * 1e9 / operations.max(1) as f64;
        let start = laps.iter().map(|lap| lap.start).min().expect("a team has a thread");
        let end = laps.iter().map(|lap| lap.end).max().expect("a team has a thread");
        let done = || laps.iter().map(|lap| lap.operations as f64);
        let fairness = || done().fold(f64::INFINITY, f64::min) / done().fold(1.0, f64::max);
        let waited = laps.iter().map(|lap| lap.waited).sum::<Option<Duration>>();
        let whole = (end - start).as_secs_f64() * laps.len() as f64;
        let tells = laps.len() <= self.cores && !self.loaded;
        Sample {
            nanoseconds: each(end - start),
            cpu: laps.iter().map(|lap| lap.cpu).sum::<Option<Duration>>().map(each),
            fairness: (in_a_set_time && laps.len() > 1).then(fairness),
            tail: None,
            waited: waited.filter(|_| tells).map(|waited| waited.as_secs_f64() / whole),
        }
    }

    /// Runs `body` on that many threads, from the moment when all are ready.
    fn team(&self, threads: usize, body: impl Fn(usize, Instant) -> u64 + Sync) -> Vec<Lap> {
        let room_for_all = threads <= self.cores;
        let spins = room_for_all && !self.loaded;
        let missing = &AtomicUsize::new(threads);
        let body = &body;
        let one = move |thread| {
            if self.pinned && (room_for_all || self.loaded) {
                system::pin(thread % self.cores);
            }
            missing.fetch_sub(1, SeqCst);
            meet(missing, spins);
            let waited = system::waited_for_a_core();
            let cpu = system::processor_time();
            let start = Instant::now();
            let operations = body(thread, start);
            Lap::since(start, cpu, waited, operations)
        };
        thread::scope(|s| {
            let threads = Vec::from_iter((0..threads).map(|i| s.spawn(move || one(i))));
            threads.into_iter().map(|thread| thread.join().expect("a thread panicked")).collect()
        })
    }
}

/// Waits until all threads are ready. With a core for each it spins, because a sleeper is 30 µs
/// late.
fn meet(missing: &AtomicUsize, alone_on_the_core: bool) {
    let mut looks = 0_u32;
    while missing.load(SeqCst) > 0 {
        looks += 1;
        // Lets others run now and then: the core may be shared after all.
        if alone_on_the_core && !looks.is_multiple_of(1000) {
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

impl Lap {
    fn since(
        start: Instant,
        cpu: Option<Duration>,
        waited: Option<Duration>,
        operations: u64,
    ) -> Self {
        let end = Instant::now();
        let difference = |now: Option<Duration>, then: Option<Duration>| Some(now? - then?);
        Self {
            operations,
            start,
            end,
            cpu: difference(system::processor_time(), cpu),
            waited: difference(system::waited_for_a_core(), waited),
        }
    }
}
