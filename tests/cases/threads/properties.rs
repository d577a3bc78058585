//! The list of threads compared with a `Vec`.

use std::env;
use std::panic::resume_unwind;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use primitives::threads::{self, Builder, JoinHandle, Thread};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use tests::watched;

use tests::properties::{Form, config, form};

#[derive(Clone, Debug)]
enum Call {
    Start {
        name: Option<String>,
        panics: bool,
    },
    /// Lets a running thread end.
    Finish(Index),
    Wait(Index, Form),
    /// Joins a thread; a running one is allowed to end first.
    Join(Index),
    Detach(Index),
}

struct Worker {
    name: Option<String>,
    thread: Thread,
    handle: Option<JoinHandle<usize>>,
    /// Dropped to let it end; `None` after that.
    gate: Option<Sender<()>>,
    panics: bool,
    result: usize,
}

impl Worker {
    fn start(name: Option<String>, panics: bool, result: usize) -> Self {
        let (gate, wait) = channel::<()>();
        let builder = name.iter().fold(Builder::new(), |builder, name| builder.name(name));
        let handle = builder.spawn(move || {
            let _ = wait.recv();
            if panics {
                resume_unwind(Box::new("on purpose")); // as a panic, but prints nothing
            }
            result
        });
        let handle = handle.expect("the system has a thread to give");
        let thread = handle.thread().clone();
        Self { name, thread, handle: Some(handle), gate: Some(gate), panics, result }
    }

    fn finish(&mut self) {
        self.gate = None;
        while self.thread.is_alive() {
            threads::yield_now();
        }
    }

    fn wait(&self, form: Form) -> Option<bool> {
        let handle = self.handle.as_ref()?;
        Some(match form.unless(self.gate.is_some()) {
            Form::Blocking | Form::Endless => handle.join_timeout(Duration::MAX),
            Form::Try => handle.join_timeout(Duration::ZERO),
            Form::Timeout(timeout) => handle.join_timeout(timeout),
            Form::Past => handle.join_deadline(Instant::now()),
        })
    }
}

/// A process has one list, so this test has its own process to be exact.
#[test]
fn the_list_has_the_threads_that_run_in_the_order_in_which_they_were_started() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "threads::properties::the_list_alone"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by the test above"]
fn the_list_alone() {
    let call = prop_oneof![
        4 => (option::of("[a-z]{1,3}"), any::<bool>())
            .prop_map(|(name, panics)| Call::Start { name, panics }),
        3 => any::<Index>().prop_map(Call::Finish),
        2 => (any::<Index>(), form()).prop_map(|(which, form)| Call::Wait(which, form)),
        2 => any::<Index>().prop_map(Call::Join),
        1 => any::<Index>().prop_map(Call::Detach),
    ];
    watched(|_| {
        let me = threads::current();
        proptest!(ProptestConfig { cases: 64, ..config() }, |(calls in vec(call, 0..30))| {
            let mut workers: Vec<Worker> = Vec::new();
            for call in calls {
                let n = workers.len();
                match call {
                    Call::Start { name, panics } => workers.push(Worker::start(name, panics, n)),
                    _ if n == 0 => {}
                    Call::Finish(which) => workers[which.index(n)].finish(),
                    Call::Wait(which, form) => {
                        let worker = &workers[which.index(n)];
                        // It is off the list by now, and its outcome comes a moment later.
                        let ended = match worker.gate {
                            None => worker.wait(Form::Endless),
                            Some(_) => worker.wait(form),
                        };
                        prop_assert!(ended.is_none_or(|ended| ended == worker.gate.is_none()));
                    }
                    Call::Join(which) => {
                        let worker = &mut workers[which.index(n)];
                        worker.gate = None;
                        let Some(handle) = worker.handle.take() else {
                            worker.finish(); // detached: no event says when it has left the list
                            continue;
                        };
                        match handle.join() {
                            Ok(result) => prop_assert!(!worker.panics && result == worker.result),
                            Err(panic) => {
                                prop_assert!(worker.panics);
                                prop_assert_eq!(panic.thread_name(), worker.thread.name());
                                prop_assert_eq!(panic.message(), "on purpose");
                            }
                        }
                    }
                    Call::Detach(which) => workers[which.index(n)].handle = None,
                }
                let running = workers.iter().filter(|worker| worker.gate.is_some());
                let mut expected = vec![me.clone()];
                expected.extend(running.map(|worker| worker.thread.clone()));
                prop_assert_eq!(threads::active_count(), expected.len());
                prop_assert_eq!(threads::enumerate(), expected);
                for worker in &workers {
                    prop_assert_eq!(worker.thread.is_alive(), worker.gate.is_some());
                    match &worker.name {
                        Some(name) => prop_assert_eq!(worker.thread.name(), name),
                        None => prop_assert!(worker.thread.name().starts_with("Thread-")),
                    }
                }
            }
            workers.iter_mut().for_each(Worker::finish);
            prop_assert_eq!(threads::enumerate(), [me.clone()]);
        });
    });
}
