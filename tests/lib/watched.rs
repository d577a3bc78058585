//! Tests with many threads, which fail and do not hang.
//!
//! A bug in a lock or a queue shows as a thread that never returns. Without a watchdog it would
//! stop the whole run without naming the test. So a test runs under a watchdog that ends the
//! process with the test's name, and its threads belong to a [`Crew`] whose `join` fails as soon as
//! one of them panicked, instead of waiting for others that will never be served.
//!
//! Threads share by `&'static` ([`leak`]) and are spawned and joined, nothing else: ThreadSanitizer
//! cannot see into the precompiled `std`, and would report `Arc` and scoped threads where nothing
//! is wrong.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// After this time a test counts as hanging. It is about a hundred times the slowest, so that
/// neither a busy machine nor a sanitizer counts as a bug.
const LIMIT: Duration = Duration::from_secs(180);

/// Shares a value with threads, permanently.
pub fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Runs a test; one that does not end ends the process with a message that names it, and shows
/// where each thread is.
pub fn watched(body: impl FnOnce(&'static Test)) {
    watched_for(LIMIT, body);
}

fn watched_for<F: FnOnce(&'static Test)>(limit: Duration, body: F) {
    let name = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let test = leak(Test { name, panicked: AtomicBool::new(false), ended: AtomicBool::new(false) });
    let dog = thread::spawn(move || test.watch(limit));
    let outcome = catch_unwind(AssertUnwindSafe(|| body(test)));
    test.ended.store(true, SeqCst);
    dog.thread().unpark();
    dog.join().expect("the watchdog does not panic");
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// A test that runs under a watchdog.
#[derive(Debug)]
pub struct Test {
    name: &'static str,
    panicked: AtomicBool,
    ended: AtomicBool,
}

impl Test {
    /// Starts `n` threads; each runs `body` with its number, none before all are ready.
    pub fn crew<R: Send + 'static>(
        &'static self,
        n: usize,
        body: impl Fn(usize) -> R + Sync + 'static,
    ) -> Crew<R> {
        let body = leak(body);
        let missing = leak(AtomicUsize::new(n));
        let member = move |number| {
            missing.fetch_sub(1, Relaxed);
            while missing.load(Relaxed) > 0 {
                thread::yield_now();
            }
            catch_unwind(AssertUnwindSafe(|| body(number))).unwrap_or_else(|panic| {
                self.panicked.store(true, SeqCst);
                resume_unwind(panic)
            })
        };
        let threads = (0..n).map(|number| thread::spawn(move || member(number))).collect();
        Crew { test: self, threads }
    }

    /// Returns once `state` holds.
    pub fn until(&self, state: impl Fn() -> bool) {
        while !state() {
            self.stop_if_a_thread_panicked();
            thread::yield_now();
        }
    }

    fn stop_if_a_thread_panicked(&self) {
        assert!(!self.panicked.load(SeqCst), "a thread of this test panicked: see above");
    }

    fn watch(&self, limit: Duration) {
        let start = Instant::now();
        while !self.ended.load(SeqCst) {
            let Some(left) = limit.checked_sub(start.elapsed()) else { self.abort(limit) };
            thread::park_timeout(left);
        }
    }

    /// Ends the process: a thread that hangs cannot be ended alone.
    fn abort(&self, limit: Duration) -> ! {
        watchdog::end(&format!("{} hangs: it is not done after {limit:?}", self.name))
    }
}

/// Threads that work for one test.
#[derive(Debug)]
#[must_use = "threads that are not joined prove nothing"]
pub struct Crew<R> {
    test: &'static Test,
    threads: Vec<JoinHandle<R>>,
}

impl<R> Crew<R> {
    /// What the threads returned, in the order of their numbers.
    ///
    /// # Panics
    ///
    /// It panics as soon as any thread of the test panicked, in this crew or another.
    pub fn join(self) -> Vec<R> {
        while !self.threads.iter().all(JoinHandle::is_finished) {
            self.test.stop_if_a_thread_panicked();
            thread::sleep(Duration::from_micros(200));
        }
        let unwind = |panic: Box<dyn Any + Send>| resume_unwind(panic);
        self.threads.into_iter().map(|thread| thread.join().unwrap_or_else(unwind)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_crew_returns_what_its_threads_return_in_order() {
        watched(|test| assert_eq!(test.crew(3, |number| number * 2).join(), [0, 2, 4]));
    }

    #[test]
    fn a_panic_of_a_thread_fails_the_test_though_another_is_blocked_for_ever() {
        let panicked = catch_unwind(|| {
            watched(|test| {
                let blocked = test.crew(1, |_| {
                    loop {
                        thread::park();
                    }
                });
                let failing = test.crew(1, |_| panic!("on purpose"));
                blocked.join();
                failing.join();
            });
        });
        let message = *panicked.unwrap_err().downcast::<&str>().unwrap();
        assert!(message.contains("a thread of this test panicked"), "{message}");
    }

    /// Runs itself in its own process, because the watchdog ends the process.
    #[test]
    fn a_test_that_hangs_is_named_and_aborted() {
        const HANG: &str = "LOCKSMITH_TEST_HANG";
        if env::var_os(HANG).is_some() {
            watched_for(Duration::from_millis(50), |_| {
                loop {
                    thread::park();
                }
            });
        }
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "watched::tests::a_test_that_hangs_is_named_and_aborted"])
            .env(HANG, "1")
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("a_test_that_hangs_is_named_and_aborted hangs"), "{said}");
    }
}
