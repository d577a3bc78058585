//! What happens to a panic in a thread: the output, what the program's hook sees, what `join`
//! returns.
//!
//! A process has one panic hook and one standard error, so each scenario gets its own process. It
//! is an ignored test, which this same program runs with `--ignored --exact`. Its assertions must
//! hold, and the test that runs it checks its output.

#![cfg(not(model))]

use watchdog as _;

use std::panic;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use primitives::threads::{self, Builder, PanicError, catch_panic};
use primitives::timer::JoinError;
use primitives::{Timer, Timers};

/// Runs a scenario, which must succeed; returns what it wrote to standard error.
fn run(scenario: &str, backtrace: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", scenario, "--nocapture"])
        .env("RUST_BACKTRACE", backtrace)
        .env_remove("RUST_LIB_BACKTRACE")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{scenario} failed:\n{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "there is no scenario {scenario}:\n{stdout}");
    stderr
}

/// Runs a thread by that name, which panics, and returns what `join` said.
fn panics(name: &str) -> PanicError {
    Builder::new().name(name).spawn(|| panic!("boom")).unwrap().join().unwrap_err()
}

/// A hook that counts the panics it sees and prints nothing.
fn set_counting_hook() -> Arc<AtomicUsize> {
    let seen = Arc::new(AtomicUsize::new(0));
    panic::set_hook(Box::new({
        let seen = Arc::clone(&seen);
        move |_| {
            seen.fetch_add(1, SeqCst);
        }
    }));
    seen
}

#[test]
fn a_panic_that_nobody_joins_is_printed_once_with_name_message_and_place() {
    let stderr = run("detached", "0");
    assert_eq!(stderr.matches("thread 'detached one'").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("boom").count(), 1, "{stderr}");
    assert!(stderr.contains("panics.rs:"), "{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn detached() {
    let thread = Builder::new().name("detached one").spawn(|| panic!("boom")).unwrap();
    let who = thread.thread().clone();
    drop(thread);
    while who.is_alive() {
        threads::yield_now();
    }
}

#[test]
fn a_panic_of_a_timer_is_printed_with_name_message_and_place_and_the_others_are_called() {
    let stderr = run("in_timers", "0");
    assert_eq!(stderr.matches("thread 'alarms'").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("thread 'alarm'").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("boom").count(), 2, "{stderr}");
    assert_eq!(stderr.matches("panics.rs:").count(), 2, "{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn in_timers() {
    let timers = Timers::builder().name("alarms").build().unwrap();
    let (send, called) = mpsc::channel();
    timers.after(Duration::ZERO, || panic!("boom"));
    timers.after(Duration::ZERO, move || send.send("still called").unwrap());
    assert_eq!(called.recv().unwrap(), "still called");
    assert_eq!(timers.shutdown(), 0);

    let timer = Timer::new(Duration::ZERO, || panic!("boom")).with_name("alarm");
    timer.start().unwrap();
    match timer.join() {
        Err(JoinError::Panicked(panic)) => {
            assert_eq!((panic.thread_name(), panic.message()), ("alarm", "boom"));
            assert!(panic.location().is_some_and(|place| place.file().ends_with("panics.rs")));
        }
        other => panic!("it panicked, but join said {other:?}"),
    }
}

#[test]
fn the_backtrace_is_kept_and_printed_if_it_was_asked_for() {
    let stderr = run("with_backtrace", "1");
    assert!(stderr.contains("stack backtrace"), "{stderr}");
    run("without_backtrace", "0");
}

#[test]
#[ignore = "a scenario"]
fn with_backtrace() {
    let panic = panics("traced");
    assert!(panic.backtrace().is_some());
    let long = format!("{panic:#}");
    assert!(long.lines().count() > 3 && long.contains("panics::panics"), "{long}");
    assert_eq!(panic.to_string().lines().count(), 1, "short unless asked for");
    assert!(format!("{panic:?}").contains("backtrace"));
}

#[test]
#[ignore = "a scenario"]
fn without_backtrace() {
    let panic = panics("untraced");
    assert!(panic.backtrace().is_none());
    assert_eq!(format!("{panic:#}"), panic.to_string());
}

#[test]
fn a_hook_that_the_program_had_set_is_called_once_a_panic_and_nothing_else_prints() {
    let stderr = run("hook_before", "0");
    assert!(!stderr.contains("boom"), "{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn hook_before() {
    let seen = set_counting_hook();
    for number in 1..=3 {
        assert!(panics("hooked").location().is_some());
        assert_eq!(seen.load(SeqCst), number);
    }
}

#[test]
fn a_hook_that_the_program_sets_later_is_called_too_and_ours_comes_back() {
    let stderr = run("hook_after", "0");
    assert_eq!(stderr.matches("boom").count(), 1, "the first, by std's hook:\n{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn hook_after() {
    assert!(panics("first").location().is_some());
    let (go, wait) = mpsc::channel::<()>();
    let running = Builder::new().name("running").spawn(move || {
        let _ = wait.recv();
        panic!("boom");
    });
    let running = running.unwrap();
    threads::spawn(|| ()).join().unwrap();

    let seen = set_counting_hook(); // and ours is gone
    drop(go);
    let panic = running.join().unwrap_err();
    assert_eq!((panic.thread_name(), panic.message()), ("running", "boom"));
    assert_eq!(seen.load(SeqCst), 1);

    assert!(panics("next").location().is_some(), "put in front again");
    assert_eq!(seen.load(SeqCst), 2, "and the program's still called, once");
    assert!(panics("one more").location().is_some());
    assert_eq!(seen.load(SeqCst), 3);
}

#[test]
fn a_hook_that_calls_the_one_before_it_makes_no_second_report() {
    let stderr = run("hook_chained", "0");
    assert_eq!(stderr.matches("boom").count(), 2, "once for each panic, by std's:\n{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn hook_chained() {
    panics("first");
    let seen = Arc::new(AtomicUsize::new(0));
    let before = panic::take_hook(); // ours
    panic::set_hook(Box::new({
        let seen = Arc::clone(&seen);
        move |info| {
            seen.fetch_add(1, SeqCst);
            before(info);
        }
    }));
    assert!(panics("second").location().is_some());
    assert_eq!(seen.load(SeqCst), 1);
}

#[test]
fn a_hook_that_is_taken_out_for_a_while_and_put_back_works_again() {
    let stderr = run("hook_put_back", "0");
    assert_eq!(stderr.matches("boom").count(), 2, "all but the silenced one:\n{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn hook_put_back() {
    panics("first");
    let ours = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let silenced = panics("silenced");
    assert_eq!((silenced.message(), silenced.location()), ("boom", None), "no note was taken");
    panic::set_hook(ours);
    assert!(panics("last").location().is_some());
}

#[test]
fn panics_of_other_threads_are_left_to_the_programs_hook() {
    let stderr = run("other_threads", "0");
    assert!(!stderr.contains("elsewhere"), "{stderr}");
}

#[test]
#[ignore = "a scenario"]
fn other_threads() {
    let seen = set_counting_hook();
    threads::spawn(|| ()).join().unwrap(); // ours is in front now
    let other = std::thread::spawn(|| panic!("elsewhere"));
    assert_eq!(*other.join().unwrap_err().downcast::<&str>().unwrap(), "elsewhere");
    assert_eq!(seen.load(SeqCst), 1);
    // A note that it left must not count for the next panic.
    let resumed = catch_panic(|| panic::resume_unwind(Box::new("elsewhere"))).unwrap_err();
    assert_eq!(resumed.location(), None);
}

#[test]
fn a_hook_may_ask_who_is_there_and_start_threads() {
    run("asking_hook", "0");
}

#[test]
#[ignore = "a scenario"]
fn asking_hook() {
    let (send, receive) = mpsc::channel();
    panic::set_hook(Box::new(move |_| {
        let listed = threads::enumerate().contains(&threads::current());
        let helper = threads::spawn(threads::active_count).join().unwrap();
        let _ = send.send((threads::current().name().to_owned(), listed, helper));
    }));
    assert!(panics("asked").location().is_some());
    let (name, listed, count) = receive.recv().unwrap();
    assert_eq!((&*name, listed), ("asked", true));
    assert!(count >= 3);
    let _ = std::thread::Builder::new()
        .name("stranger".into())
        .spawn(|| panic!("elsewhere"))
        .unwrap()
        .join();
    assert_eq!(receive.recv().unwrap().0, "stranger");
}

#[test]
fn the_first_thread_of_all_may_be_started_while_a_panic_unwinds() {
    run("started_while_unwinding", "0");
}

#[test]
#[ignore = "a scenario"]
fn started_while_unwinding() {
    struct Starts;
    impl Drop for Starts {
        fn drop(&mut self) {
            // std would abort if a thread changed the hook now.
            let panic = panics("late");
            assert_eq!(panic.message(), "boom");
        }
    }
    let panicked = panic::catch_unwind(|| {
        let _starts = Starts;
        panic!("outer");
    });
    assert!(panicked.is_err());
    assert!(panics("later").location().is_some());
}
