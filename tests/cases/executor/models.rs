//! Models of [`Executor`] and [`Task`]: a task runs or is cancelled, once, and a waiter sees all
//! that it did.
//!
//! A worker is a role that does what a worker's thread would do. Most scenarios leave out the
//! executor's queue: the models of [`Queue`](queues::Queue) check it, and here it would only
//! multiply the interleavings.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::Event;
use queues::executor::model::{Shell, fail, unqueued};
use queues::{
    Executor, PutTimeoutError, ResultTimeoutError, Shutdown, Task, TaskError, as_completed,
};

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// As far off as that.
fn far() -> Instant {
    Instant::now() + A_WHILE
}

/// A number that threads write to and read: loom reports it if nothing orders them.
#[derive(Clone)]
struct Note(Arc<Watched>);

impl Note {
    fn new() -> Self {
        Self(Arc::new(Watched::new(0)))
    }

    fn add(&self) {
        self.0.add(1);
    }

    fn read(&self) -> u32 {
        self.0.get()
    }
}

/// Notes when it is dropped.
struct NotesDrop(Note);

impl Drop for NotesDrop {
    fn drop(&mut self) {
        if !primitives::sync::model_failed() {
            self.0.add();
        }
    }
}

/// One task without a queue: the handle for one role, and a worker's view for the others.
struct Desk {
    handle: Mutex<Option<Task<NotesDrop>>>,
    shell: Shell,
    /// How often the task ran, its closure was dropped, its result was dropped, and a callback was
    /// called.
    ran: Note,
    closure: Note,
    result: Note,
    called: Note,
}

impl Desk {
    fn new() -> Self {
        let (ran, closure, result) = (Note::new(), Note::new(), Note::new());
        let (runs, captured, returned) = (ran.clone(), NotesDrop(closure.clone()), result.clone());
        let (task, shell) = unqueued(move || {
            runs.add();
            drop(captured);
            NotesDrop(returned)
        });
        Self { handle: Mutex::new(Some(task)), shell, ran, closure, result, called: Note::new() }
    }

    /// The counts of a task that panics.
    fn failing() -> Self {
        let desk = Self::new();
        let returned = desk.result.clone();
        let (task, shell) = unqueued(move || {
            fail();
            NotesDrop(returned)
        });
        Self { handle: Mutex::new(Some(task)), shell, ..desk }
    }

    /// The handle, unseen by loom.
    fn handle(&self) -> Task<NotesDrop> {
        self.handle.lock().unwrap().take().expect("one role takes it")
    }

    /// The caller sees the task over: it ran, and left nothing behind.
    fn has_run(&self) {
        assert_eq!((self.ran.read(), self.closure.read()), (1, 1), "ran, and its closure is gone");
    }

    /// The caller sees the task over: it never ran, and left nothing behind.
    fn was_cancelled(&self) {
        assert_eq!((self.ran.read(), self.closure.read()), (0, 1), "not run, but gone");
    }

    /// At the end, nothing happened twice or was left over.
    fn settled(&self) {
        assert_eq!(self.closure.read(), 1, "the closure was dropped");
        assert_eq!(self.ran.read(), self.result.read(), "a result for each run, dropped");
    }

    fn asks(&self) {
        match self.handle().result() {
            Ok(result) => {
                self.has_run();
                drop(result);
            }
            Err(TaskError::Cancelled) => self.was_cancelled(),
            Err(TaskError::Panicked(panic)) => panic!("{panic}"),
        }
    }
}

pub(crate) fn group() -> Group {
    rooms(pools(endings(results(Group::new("executor")))))
}

fn results(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("result", "A thread that asks sees all that the task did.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("asks", |desk| {
                    desk.asks();
                    desk.has_run();
                })
                .check(Desk::settled)
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("is-done", "A thread that sees that it is over sees all that it did.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("looks", |desk| {
                    let task = desk.handle();
                    if task.is_done() {
                        reached("over");
                        desk.has_run();
                    } else if task.is_running() {
                        reached("running");
                    }
                })
                .check(Desk::settled)
                .reaches([Named("over"), Named("running")]),
        )
        .scenario(
            Scenario::new("result-gives-up", "The result also comes after a timeout.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("asks twice", |desk| match desk.handle().result_timeout(A_WHILE) {
                    Ok(_) => desk.has_run(),
                    Err(ResultTimeoutError::Timeout(task)) => {
                        reached("gave up");
                        assert!(task.result().is_ok());
                        desk.has_run();
                    }
                    Err(ResultTimeoutError::Failed(error)) => panic!("{error}"),
                })
                .check(Desk::settled)
                .bound(Some(4))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("abandoned", "A result that no thread asks for is dropped once.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("drops the handle", |desk| {
                    let task = desk.handle();
                    reached(if task.is_done() { "too late" } else { "in time" });
                    drop(task);
                })
                .check(Desk::settled)
                .reaches([Named("in time"), Named("too late")]),
        )
        .scenario(
            Scenario::new(
                "unseen-panic",
                "A scope is told of a panic once the handle is gone.",
                || {
                    let desk = Desk::failing();
                    assert!(desk.shell.run());
                    desk
                },
            )
            .role("drops the handle", |desk| drop(desk.handle()))
            .role("ends the scope", |desk| {
                if desk.shell.panicked_unseen() {
                    reached("unseen");
                }
            })
            .reaches([Named("unseen")]),
        )
        .scenario(
            Scenario::new(
                "on-done",
                "A callback is called once, and sees what was done.",
                Desk::new,
            )
            .role("runs it", |desk| assert!(desk.shell.run()))
            .role("adds a callback", |desk| {
                let (ran, called) = (desk.ran.clone(), desk.called.clone());
                let task = desk.handle();
                task.on_done(move || assert_eq!(ran.read(), 1));
                task.on_done(move || called.add());
            })
            .check(|desk| assert_eq!((desk.called.read(), desk.result.read()), (1, 1)))
            .bound(Some(3)),
        )
        .scenario(
            Scenario::new(
                "on-done-in-order",
                "Callbacks are called in the order in which they were added, however late that was.",
                Desk::new,
            )
            .role("runs it", |desk| assert!(desk.shell.run()))
            .role("adds two", |desk| {
                let (first, second) = (desk.called.clone(), desk.called.clone());
                let task = desk.handle();
                task.on_done(move || first.add());
                task.on_done(move || {
                    assert_eq!(second.read(), 1, "the one before it was called");
                    second.add();
                });
            })
            .check(|desk| assert_eq!(desk.called.read(), 2))
            .bound(Some(3)),
        )
}

fn endings(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("run-or-cancel", "It is run or called off, and never both.", Desk::new)
                .role("runs it", |desk| {
                    if desk.shell.run() {
                        reached("ran");
                    }
                })
                .role("cancels", |desk| {
                    let task = desk.handle();
                    if task.cancel() {
                        reached("cancelled");
                        assert!(task.is_cancelled() && task.is_done());
                        desk.was_cancelled();
                    }
                })
                .check(Desk::settled)
                .reaches([Named("ran"), Named("cancelled")]),
        )
        .scenario(
            Scenario::new(
                "cancel-wakes",
                "A thread that waits for a task that is called off is told when its closure is gone.",
                Desk::new,
            )
            .role("cancels", |desk| assert!(desk.shell.cancel()))
            .role("asks", |desk| {
                assert!(matches!(desk.handle().result(), Err(TaskError::Cancelled)));
                desk.was_cancelled();
            })
            .check(Desk::settled)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "helped",
                "Of two that would run it, and one that cancels, one does.",
                Desk::new,
            )
            .roles(2, "would run it", |desk| _ = desk.shell.run())
            .role("cancels and asks", |desk| {
                let task = desk.handle();
                if task.cancel() {
                    reached("cancelled");
                }
                match task.result() {
                    Ok(_) => desk.has_run(),
                    Err(_) => desk.was_cancelled(),
                }
            })
            .spurious(0)
            .check(Desk::settled)
            .reaches([Slept, Woken, Named("cancelled")]),
        )
        .scenario(
            Scenario::new("all-at-once", "A worker, a shutdown, and one who asks.", Desk::new)
                .role("runs it", |desk| _ = desk.shell.run())
                .role("cancels", |desk| _ = desk.shell.cancel())
                .role("asks", Desk::asks)
                .spurious(0)
                .check(Desk::settled)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-ask", "All waiters are woken.", || {
                let (task, shell) = unqueued(|| ());
                (task, shell)
            })
            .role("runs it", |(_, shell)| assert!(shell.run()))
            .roles(2, "waits", |(task, _)| task.wait())
            .bound(Some(2))
            .spurious(0)
            .check(|(task, _)| assert!(task.is_done()))
            .reaches([Slept, Woken]),
        )
}

fn pools(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("scope", "A scope ends after what it lent is no longer used.", || {
                (Executor::new(1), Note::new())
            })
            .role("works", |(executor, _)| executor.work())
            .role("lends", |(executor, note)| {
                executor.scope(|s| drop(s.submit(|| note.add())));
                assert_eq!(note.read(), 1);
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "handed-over",
                "A worker that waits for a task gives it to a free one, which begins it before all others.",
                || {
                    let (executor, gate) = (Executor::new(2), Arc::new(Event::new()));
                    let go_on = Arc::clone(&gate);
                    let blocks = executor.submit(move || go_on.wait());
                    let wanted = executor.submit(|| ());
                    (executor, gate, Mutex::new(Some((blocks, wanted))))
                },
            )
            .role("is free", |(executor, _, _)| executor.work())
            .role("waits", |(executor, gate, tasks)| {
                let (blocks, wanted) = tasks.lock().unwrap().take().expect("once");
                let ran_here = executor.in_a_worker(|| executor.wait_in_a_worker(&wanted));
                reached(if ran_here { "helped" } else { "handed over" });
                assert!(wanted.is_done());
                gate.set(); // not before: a worker at `blocks` cannot begin what is wanted
                blocks.wait();
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(3))
            .spurious(0)
            .reaches([Named("helped"), Named("handed over")]),
        )
        .scenario(
            Scenario::new("as-completed", "Each task comes once, when it is over.", || {
                let (first, second) = (unqueued(|| 1), unqueued(|| 2));
                (Mutex::new(vec![first.0, second.0]), [first.1, second.1])
            })
            .role("runs one", |(_, shells)| assert!(shells[0].run()))
            .role("runs the other", |(_, shells)| assert!(shells[1].run()))
            .role("asks", |(tasks, _)| {
                let tasks = std::mem::take(&mut *tasks.lock().unwrap());
                for (place, task) in as_completed(tasks) {
                    assert!(task.is_done());
                    assert_eq!(task.result().unwrap(), place + 1);
                }
            })
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("shutdown", "What was submitted before still runs.", || Executor::new(1))
                .role("works", Executor::work)
                .role("submits, shuts down", |executor| {
                    let task = executor.submit(|| 5);
                    executor.shutdown(Shutdown::DETACH);
                    assert_eq!(task.result().unwrap(), 5);
                    assert!(executor.try_submit(|| ()).is_err());
                })
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-cancels",
                "A task is run, called off, or comes back: one of them.",
                || (Executor::new(1), Note::new()),
            )
            .role("works", |(executor, _)| executor.work())
            .role("submits", |(executor, note)| {
                let runs = note.clone();
                match executor.try_submit(move || runs.add()) {
                    Ok(task) => match task.result() {
                        Ok(()) => assert_eq!(note.read(), 1),
                        Err(_) => reached("cancelled"),
                    },
                    Err(_) => reached("came back"),
                }
            })
            .role("shuts down", |(executor, _)| executor.shutdown(Shutdown::CANCEL_PENDING))
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken, Named("cancelled"), Named("came back")]),
        )
}

/// With room for a few tasks; with workers that start on demand; with priorities.
fn rooms(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "waits-for-room",
                "A thread that submits to a full executor goes on when there is room.",
                || Executor::bounded(1, 1),
            )
            .role("works", Executor::work)
            .role("submits two", |executor| {
                let tasks = [executor.submit(|| 1), executor.submit(|| 2)];
                assert_eq!(tasks.map(|task| task.result().unwrap()), [1, 2]);
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(3))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "submit-gives-up",
                "A closure runs, or comes back whole: never both, and never neither.",
                || {
                    let executor = Executor::bounded(1, 1);
                    drop(executor.submit(|| ()));
                    (executor, Note::new(), Note::new())
                },
            )
            .role("works", |(executor, ..)| executor.work())
            .role("submits in time", |(executor, ran, gone)| {
                let (runs, captured) = (ran.clone(), NotesDrop(gone.clone()));
                let f = move || {
                    runs.add();
                    drop(captured);
                };
                match executor.submit_timeout(f, A_WHILE) {
                    Ok(task) => {
                        task.wait();
                        assert_eq!((ran.read(), gone.read()), (1, 1));
                    }
                    Err(refused) => {
                        reached("came back");
                        assert_eq!((ran.read(), gone.read()), (0, 0), "whole");
                        drop(refused);
                        assert_eq!(gone.read(), 1);
                    }
                }
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(3))
            .spurious(0)
            .reaches([Slept, Woken, TimedOut, Named("came back")]),
        )
        .scenario(
            Scenario::new(
                "shutdown-refuses",
                "A thread that waits for room is told of the shutdown.",
                || {
                    let executor = Executor::bounded(1, 1);
                    drop(executor.submit(|| ()));
                    executor
                },
            )
            .role("submits", |executor| {
                // No worker is there.
                let refused = executor.submit_deadline(|| 5, far()).unwrap_err();
                if let PutTimeoutError::Shutdown(f) = refused {
                    reached("refused");
                    assert_eq!(f(), 5);
                }
            })
            .role("shuts down", |executor| executor.shutdown(Shutdown::CANCEL_PENDING))
            .bound(Some(3))
            .reaches([Slept, Woken, Named("refused")]),
        )
        .scenario(
            Scenario::new(
                "own-tasks-go-beyond",
                "The only worker submits to a full executor, and is not held back.",
                || (Arc::new(Executor::bounded(1, 1)), Note::new()),
            )
            .role("works", |(executor, _)| executor.work())
            .role("submits", |(executor, note)| {
                let (own, runs) = (Arc::clone(executor), note.clone());
                let outer = executor.submit(move || {
                    [(); 2].map(|()| {
                        let runs = runs.clone();
                        own.submit_in_a_worker(move || runs.add())
                    })
                });
                for inner in outer.result().unwrap() {
                    inner.expect("it is not shut down").wait();
                }
                assert_eq!(note.read(), 2);
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "own-tasks-at-the-end",
                "What a task submits while another thread shuts down is run, cancelled, or refused.",
                || (Executor::bounded(2, 1), Note::new()),
            )
            .role("works", |(executor, _)| executor.work())
            .role("is in a task", |(executor, note)| {
                let runs = note.clone();
                match executor.in_a_worker(|| executor.submit_in_a_worker(move || runs.add())) {
                    None => reached("refused"),
                    Some(inner) => match inner.result() {
                        Ok(()) => assert_eq!(note.read(), 1),
                        Err(_) => reached("cancelled"),
                    },
                }
            })
            .role("shuts down", |(executor, _)| executor.shutdown(Shutdown::CANCEL_PENDING))
            .bound(Some(2))
            .spurious(0)
            .reaches([Named("refused"), Named("cancelled")]),
        )
        .scenario(
            Scenario::new(
                "grows",
                "Where no worker is free, a task starts one: two tasks that need each other end.",
                || Executor::growing(1, 2),
            )
            .role("works", Executor::work)
            .role("may be started", |executor| {
                reached(if executor.work_when_started() { "started" } else { "not needed" });
            })
            .role("submits two", |executor| {
                let meeting = [(); 2].map(|()| Arc::new(Event::new()));
                let tasks = [0, 1].map(|me| {
                    let meeting = meeting.clone();
                    executor.submit(move || {
                        meeting[me].set();
                        meeting[1 - me].wait();
                    })
                });
                tasks.iter().for_each(Task::wait);
                assert_eq!(executor.workers(), 2);
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(1))
            .spurious(0)
            .reaches([Slept, Woken, Named("started")]),
        )
        .scenario(
            Scenario::new(
                "grows-up-to-a-limit",
                "A burst starts as many as it needs, counting those on their way, and never too many.",
                || Executor::growing(1, 3),
            )
            .role("works", Executor::work)
            .role("may be started", |executor| _ = executor.work_when_started())
            .role("submits two", |executor| {
                let tasks = [executor.submit(|| ()), executor.submit(|| ())];
                assert!(executor.workers() <= 2, "two tasks need no third worker");
                reached(if executor.workers() == 2 { "grew" } else { "had a free one" });
                tasks.iter().for_each(Task::wait);
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(1))
            .spurious(0)
            .reaches([Named("grew"), Named("had a free one")]),
        )
        .scenario(
            Scenario::new("priorities", "What is urgent begins before what came first.", || {
                let executor = Executor::new(1);
                let order = Note::new();
                let usual = order.clone();
                let usual = executor.submit(move || assert_eq!(usual.read(), 1, "the urgent one ran"));
                let urgent = order.clone();
                drop(executor.with_priority(-1).submit(move || urgent.add()));
                (executor, Mutex::new(Some(usual)))
            })
            .role("works", |(executor, _)| executor.work())
            .role("waits", |(executor, usual)| {
                let usual = usual.lock().unwrap().take().expect("once");
                usual.result().unwrap();
                executor.shutdown(Shutdown::DETACH);
            })
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
}
