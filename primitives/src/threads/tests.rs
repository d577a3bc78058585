//! The corner cases, each named after what it shows. Those that need a process of their own,
//! because they set the panic hook or read what was printed, are in `primitives/tests/panics.rs`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{
    Builder, JoinHandle, PanicError, Thread, active_count, catch_panic, current, enumerate, scope,
    spawn,
};
use crate::{Condition, Lock};

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

/// A gate that a thread waits at until the test opens it.
#[derive(Default)]
struct Gate {
    open: Lock<bool>,
    changed: Condition,
}

impl Gate {
    fn open(&self) {
        *self.open.lock() = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        self.changed.wait_while(&mut self.open.lock(), |open| !*open);
    }
}

/// A thread that waits at a gate.
fn waiting_thread(name: &str) -> (Arc<Gate>, JoinHandle<()>) {
    let gate = Arc::<Gate>::default();
    let thread = Builder::new().name(name).spawn({
        let gate = Arc::clone(&gate);
        move || gate.pass()
    });
    (gate, thread.unwrap())
}

fn names() -> Vec<String> {
    enumerate().iter().map(|thread| thread.name().to_owned()).collect()
}

#[test]
fn join_gives_what_the_closure_returned() {
    assert_eq!(spawn(|| String::from("done")).join().unwrap(), "done");
}

#[test]
fn unnamed_threads_are_numbered_and_named_ones_keep_their_name() {
    let first = spawn(|| current().name().to_owned()).join().unwrap();
    let number = first.strip_prefix("Thread-").expect("like Python's");
    assert!(number.parse::<u64>().unwrap() > 0);
    let named =
        Builder::new().name("reader").spawn(|| std::thread::current().name().map(str::to_owned));
    assert_eq!(named.unwrap().join().unwrap().as_deref(), Some("reader"), "std knows it too");
}

#[test]
fn the_handle_and_the_thread_itself_agree_who_it_is() {
    let handle = spawn(current);
    let from_outside = handle.thread().clone();
    let from_inside = handle.join().unwrap();
    assert_eq!(from_outside, from_inside);
    assert_ne!(from_inside, current());
    let handle = spawn(crate::sync::thread::id);
    let id = handle.thread().id();
    assert_eq!(handle.join().unwrap(), id, "the same number for every caller");
}

#[test]
fn a_panic_comes_out_of_join_with_name_message_place_and_payload() {
    let number = names().len();
    let thread = Builder::new().name("unlucky");
    let thread = thread.spawn(move || panic!("one of {number}")).unwrap();
    let line = line!() - 1;
    let panic: PanicError = thread.join().unwrap_err();
    assert_eq!((panic.thread_name(), panic.message()), ("unlucky", &*format!("one of {number}")));
    let location = panic.location().expect("the hook took a note");
    assert!(location.file().ends_with("tests.rs"), "{location}");
    assert_eq!(location.line(), line);
    assert_eq!(
        panic.to_string(),
        format!("thread 'unlucky' panicked at {location}: one of {number}")
    );
    assert!(format!("{panic:?}").contains(&format!("location: Some({location})")), "{panic:?}");
    let payload = panic.take_payload().unwrap();
    assert_eq!(*payload.downcast::<String>().unwrap(), panic.message());
    assert!(panic.clone().take_payload().is_none(), "clones share one payload");
}

#[test]
fn a_payload_that_is_no_text_comes_out_whole() {
    let panic = spawn(|| panic_any(42_u32)).join().unwrap_err();
    assert_eq!(panic.message(), "(a payload that is not text)");
    assert!(panic.location().is_some());
    let resumed = catch_unwind(|| panic.resume()).unwrap_err();
    assert_eq!(*resumed.downcast::<u32>().unwrap(), 42);
}

#[test]
fn a_panic_resumed_without_its_payload_still_has_its_text() {
    let panic = catch_panic(|| panic!("still here")).unwrap_err();
    drop(panic.take_payload());
    let resumed = catch_unwind(|| panic.resume()).unwrap_err();
    assert_eq!(*resumed.downcast::<String>().unwrap(), "still here");
}

#[test]
fn a_resumed_panic_has_no_place_rather_than_a_wrong_one() {
    let panic = catch_panic(|| {
        let _ = catch_unwind(|| panic!("caught inside"));
        resume_unwind(Box::new("raised past the hook"));
    });
    let panic = panic.unwrap_err();
    assert_eq!(panic.message(), "raised past the hook");
    assert!(panic.location().is_none());
}

#[test]
fn a_destructor_that_catches_a_panic_does_not_disturb_the_one_under_way() {
    struct Careful;
    impl Drop for Careful {
        fn drop(&mut self) {
            let inner = catch_panic(|| panic!("inner")).unwrap_err();
            assert!(inner.location().is_some());
        }
    }
    let line = line!() + 3;
    let outer = catch_panic(|| {
        let _careful = Careful;
        panic!("outer");
    });
    let outer = outer.unwrap_err();
    assert_eq!((outer.message(), outer.location().unwrap().line()), ("outer", line));
}

#[test]
fn catch_panic_in_a_thread_of_std_knows_its_name() {
    let thread = std::thread::Builder::new().name("from std".into());
    let panic = thread.spawn(|| catch_panic(|| panic!("caught"))).unwrap().join().unwrap();
    assert_eq!(panic.unwrap_err().thread_name(), "from std");
}

#[test]
fn join_timeout_waits_and_does_not_consume() {
    let (gate, thread) = waiting_thread("patient");
    let start = Instant::now();
    assert!(!thread.join_timeout(SHORT));
    assert!(start.elapsed() >= SHORT, "never early");
    assert!(!thread.join_timeout(Duration::ZERO));
    assert!(!thread.join_deadline(Instant::now()));
    assert!(!thread.is_finished());
    gate.open();
    assert!(thread.join_timeout(FAR));
    assert!(thread.is_finished());
    assert!(thread.join_timeout(Duration::ZERO), "again, as often as one likes");
    assert!(thread.join_deadline(Instant::now()));
    thread.join().unwrap();
}

#[test]
fn a_time_out_too_long_for_the_clock_waits_for_ever() {
    let (gate, thread) = waiting_thread("endless");
    let waiter = spawn(move || {
        let ended = thread.join_timeout(Duration::MAX);
        (ended, thread.join().is_ok())
    });
    gate.open();
    assert_eq!(waiter.join().unwrap(), (true, true));
}

#[test]
fn a_thread_that_joins_itself_panics_and_says_so() {
    let (give, take) = mpsc::channel::<JoinHandle<()>>();
    let (tell, hear) = mpsc::channel();
    let thread = Builder::new().name("narcissus").spawn(move || {
        let myself = take.recv().unwrap();
        let timed = catch_panic(AssertUnwindSafe(|| myself.join_timeout(FAR)));
        let until = catch_panic(AssertUnwindSafe(|| myself.join_deadline(Instant::now())));
        let whole = catch_panic(|| myself.join());
        let _ = tell.send([timed.map(drop), until.map(drop), whole.map(drop)]);
    });
    give.send(thread.unwrap()).unwrap();
    for refused in hear.recv().unwrap() {
        let panic = refused.expect_err("it would never have returned");
        assert!(panic.message().contains("'narcissus' joins itself"), "{panic}");
        assert!(panic.message().contains("from another thread"), "{panic}");
    }
}

#[test]
fn a_thread_is_listed_from_spawn_until_join() {
    let (gate, thread) = waiting_thread("listed");
    let who = thread.thread().clone();
    assert!(who.is_alive());
    let listed = enumerate();
    assert!(listed.contains(&who) && listed.contains(&current()));
    assert!(active_count() >= 2);
    gate.open();
    assert!(thread.join_timeout(FAR));
    assert!(!enumerate().contains(&who), "a joined thread is not listed");
    assert!(!who.is_alive());
    thread.join().unwrap();
}

#[test]
fn threads_are_listed_in_the_order_in_which_they_were_started() {
    let threads: Vec<_> = ["first", "second", "third"].into_iter().map(waiting_thread).collect();
    let started: Vec<_> = threads.iter().map(|(_, thread)| thread.thread().clone()).collect();
    let listed: Vec<_> = enumerate().into_iter().filter(|t| started.contains(t)).collect();
    assert_eq!(listed, started);
    for (gate, thread) in threads {
        gate.open();
        thread.join().unwrap();
    }
}

#[test]
fn finished_threads_leave_the_list_joined_or_not() {
    let threads: Vec<Thread> = (0..if cfg!(miri) { 10 } else { 100 })
        .map(|number| {
            let handle = Builder::new().name("brief").spawn(move || assert!(number % 10 != 0));
            handle.unwrap().thread().clone() // and the handle is dropped
        })
        .collect();
    while threads.iter().any(Thread::is_alive) {
        super::yield_now();
    }
    assert!(!names().contains(&"brief".to_owned()));
}

#[test]
fn a_thread_of_std_is_listed_once_it_asks_and_until_it_ends() {
    let named = std::thread::Builder::new().name("stranger".into()).spawn(|| {
        assert!(!names().is_empty());
        assert!(enumerate().contains(&current()));
        current()
    });
    let stranger = named.unwrap().join().unwrap();
    assert_eq!(stranger.name(), "stranger");
    assert!(!stranger.is_alive(), "std's join waits for the thread-locals");
    let unnamed = std::thread::spawn(current).join().unwrap();
    assert_eq!(unnamed.name(), format!("Dummy-{}", unnamed.id()));
    assert!(!unnamed.is_alive());
}

#[test]
fn the_thread_that_std_calls_main_is_the_main_thread() {
    let main = std::thread::Builder::new().name("main".into()).spawn(current);
    assert_eq!(main.unwrap().join().unwrap().name(), "MainThread");
}

/// A thread-local whose destructor asks who and where it is, and tells the test.
struct Asks(mpsc::Sender<(Thread, bool)>);

impl Drop for Asks {
    fn drop(&mut self) {
        let listed = enumerate().contains(&current());
        assert!(active_count() > 0 || !listed);
        let _ = self.0.send((current(), listed));
    }
}

thread_local! {
    static ASKS: RefCell<Option<Asks>> = const { RefCell::new(None) };
}

#[test]
fn a_destructor_of_a_thread_local_may_ask_who_it_is() {
    // Before ours and after ours: the order of destructors is not specified.
    let (send, receive) = mpsc::channel();
    let asks = send.clone();
    let after = Builder::new().name("after").spawn(move || ASKS.set(Some(Asks(asks)))).unwrap();
    let id = after.thread().id();
    after.join().unwrap();
    let (thread, _) = receive.recv().unwrap();
    assert_eq!((thread.name(), thread.id()), ("after", id));

    let before = std::thread::Builder::new().name("before".into()).spawn(move || {
        ASKS.set(Some(Asks(send)));
        current()
    });
    let before = before.unwrap().join().unwrap();
    let (thread, _) = receive.recv().unwrap();
    assert_eq!((thread.name(), thread.id()), ("before", before.id()));
    assert!(!before.is_alive());
}

#[test]
fn what_a_detached_thread_returns_is_dropped_by_the_thread() {
    struct Tells(mpsc::Sender<Thread>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(current());
        }
    }
    let (send, receive) = mpsc::channel();
    let gate = Arc::<Gate>::default();
    let handle = spawn({
        let gate = Arc::clone(&gate);
        move || {
            gate.pass();
            Tells(send)
        }
    });
    let who = handle.thread().clone();
    drop(handle);
    gate.open();
    assert_eq!(receive.recv().unwrap(), who);
}

#[test]
fn a_scope_waits_for_threads_that_borrow() {
    let mut lines = vec!["one", "two"];
    let count = Lock::new(0);
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| *count.lock() += lines.len());
        }
        s.spawn(|| {
            s.spawn(|| *count.lock() += 1); // a thread of the scope may start more
        });
    });
    lines.push("three");
    assert_eq!(*count.lock(), 7);
}

#[test]
fn a_scope_panics_if_a_thread_did_that_nobody_joined() {
    let panicked = catch_unwind(|| scope(|s| drop(s.spawn(|| panic!("unseen")))));
    assert!(panicked.is_err());
    let seen = scope(|s| s.spawn(|| panic!("seen")).join().unwrap_err().message().to_owned());
    assert_eq!(seen, "seen");
}

#[test]
fn threads_of_a_scope_have_names_and_timed_joins_too() {
    let gate = Gate::default();
    scope(|s| {
        let builder = Builder::new().name("scoped").stack_size(128 * 1024);
        let thread = builder.spawn_scoped(s, || {
            gate.pass();
            current().name().to_owned()
        });
        let thread = thread.unwrap();
        assert!(!thread.join_timeout(Duration::ZERO) && !thread.is_finished());
        assert!(!thread.join_deadline(Instant::now()));
        assert!(names().contains(&"scoped".to_owned()));
        gate.open();
        assert!(thread.join_timeout(FAR) && thread.is_finished());
        assert_eq!(thread.join().unwrap(), "scoped");
    });
}

#[test]
fn a_name_with_a_zero_byte_is_refused_and_leaves_nobody_on_the_list() {
    let error = Builder::new().name("zero\0byte").spawn(|| ()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains(r"zero\0byte"), "{error}");
    assert!(!names().iter().any(|name| name.contains('\0')));
}

/// On 32 bits the system may well have what is half of the addresses.
#[test]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(miri, ignore = "Miri's threads have no stacks")]
fn a_stack_that_the_system_cannot_give_is_an_error() {
    let captured = Arc::new(());
    let error = Builder::new().stack_size(usize::MAX / 2).name("huge").spawn({
        let captured = Arc::clone(&captured);
        move || drop(captured)
    });
    assert!(error.is_err());
    assert_eq!(Arc::strong_count(&captured), 1, "the closure is dropped");
    assert!(!names().contains(&"huge".to_owned()));
}

#[test]
fn debug_never_blocks_and_says_who_and_whether_finished() {
    let (gate, thread) = waiting_thread("shown");
    let id = thread.thread().id();
    let shown = format!("{thread:?}");
    assert_eq!(
        shown,
        format!(r#"JoinHandle {{ thread: "shown", id: {id}, finished: false, .. }}"#)
    );
    assert_eq!(
        format!("{:?}", thread.thread()),
        format!(r#"Thread {{ name: "shown", id: {id} }}"#)
    );
    gate.open();
    thread.join().unwrap();
    scope(|s| {
        let thread = s.spawn(|| ());
        assert!(thread.join_timeout(FAR));
        assert!(format!("{thread:?}").starts_with("ScopedJoinHandle"), "{thread:?}");
        assert!(format!("{s:?}").starts_with("Scope"), "{s:?}");
    });
}
