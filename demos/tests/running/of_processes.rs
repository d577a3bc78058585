//! The demos whose work is done by processes.

#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use crate::run::{assert_refused, assert_snapshot, demos, finish, run};

const DEMOS: [(&str, [(&str, &str); 2]); 4] = [
    ("processes", [("--processes 1", "--processes"), ("--additions -1", "-1")]),
    ("process-pool", [("--workers 0", "--workers"), ("--input nowhere", "nowhere")]),
    ("inference", [("--batch 129", "--batch"), ("--requests none", "none")]),
    ("manager", [("--clients 0", "--clients"), ("--questions -1", "-1")]),
];

#[test]
fn its_defaults_work_and_bad_input_is_refused() {
    for (name, bad) in DEMOS {
        let ended = run(name);
        assert_eq!(ended.status, Some(0), "{name}: {}{}", ended.out, ended.err);
        assert!(ended.out.contains("\nok: "), "{name}: {}", ended.out);
        assert_eq!(ended.err, "", "{name}");
        let follows = ended.out.lines().filter(|line| line.starts_with("So: "));
        assert_eq!(follows.count(), 1, "{name}: {}", ended.out);
        for (arguments, named) in bad {
            assert_refused(&run(&format!("{name} {arguments}")), &[named]);
        }
        assert_snapshot(&format!("help-{name}.txt"), &run(&format!("{name} --help")).out);
    }
}

/// The processes are not told, only this one, as by `kill -INT`: it leaves them behind, and the
/// system ends them.
#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_does_not_wait_for_the_processes() {
    for arguments in [
        "processes --additions 10000",
        "process-pool --rounds 10000",
        "inference --requests 1000000 --batch 1",
        "manager --questions 1000000",
    ] {
        let child = demos(arguments).spawn().unwrap();
        crate::run::interrupt(&child);
        let pressed = Instant::now();
        let ended = finish(child);
        let took = pressed.elapsed();
        assert_eq!(ended.status, Some(130), "{arguments}: {}{}", ended.out, ended.err);
        assert!(ended.out.contains("\ninterrupted: "), "{arguments}: {}", ended.out);
        // It takes a fifth of a second; this is for a machine that has other work.
        assert!(took < Duration::from_secs(5), "{arguments}: {took:?}");
    }
}

#[test]
fn without_a_lock_additions_are_lost() {
    let ended = run("processes --broken");
    assert_eq!(ended.status, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("were lost without a lock"), "{}", ended.out);
}

#[test]
fn a_killed_owner_is_told() {
    let ended = run("processes --processes 2 --additions 10");
    assert!(ended.out.contains("An owner killed:  the next one is told after "), "{}", ended.out);
}

#[test]
fn shot_workers_lose_nothing() {
    let ended = run("process-pool --kill --rounds 100");
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(
        ended.out.contains("workers were shot") && ended.out.contains("Lost: 0 lines"),
        "{}",
        ended.out
    );
}

#[test]
fn a_small_batch_takes_more_calls() {
    let ended = run("inference --requests 100 --batch 10 --model 0");
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("each request has its own answer"), "{}", ended.out);
}

#[test]
fn a_reader_that_closes_the_pipe_has_seen_enough() {
    for (name, _) in DEMOS {
        let mut child = demos(name).spawn().unwrap();
        drop(child.stdout.take());
        let ended = finish(child);
        assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{name}");
    }
}
