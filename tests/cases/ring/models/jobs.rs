//! `task_done` and `join`.

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};

use super::{A_WHILE, Line};

/// Gets a job, does it, and reports it done.
fn work(line: &Line) {
    let job = line.get();
    line.deeds[job as usize].do_it();
    line.ring.task_done().expect("it was put");
}

/// Waits for `jobs` to be done, and sees the work.
fn join(line: &Line, jobs: usize) {
    line.ring.join();
    assert!(line.deeds[..jobs].iter().all(super::Deed::is_seen));
}

pub(super) fn add_to(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "join",
                "`join` returns when the last item has been worked on, and sees the work.",
                Line::full,
            )
            .role("works", work)
            .role("joins", |line| join(line, 1))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("join-of-two", "It returns to all who wait.", Line::full)
                .role("works", work)
                .roles(2, "joins", |line| join(line, 1))
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-jobs", "It returns after the last, whichever that is.", || {
                Line::of(2, [0, 1])
            })
            .roles(2, "works", work)
            .role("joins", |line| join(line, 2))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("join-gives-up", "`join_timeout` says whether all was done.", Line::full)
                .role("works", work)
                .role("joins for a while", |line| {
                    if line.ring.join_timeout(A_WHILE) {
                        line.sees_it();
                    } else {
                        reached("gave up");
                    }
                })
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "shutdown-now-ends-join",
                "What is left at a shutdown is done; what was taken out is waited for.",
                || Line::of(2, [0, 1]),
            )
            .role("works", |line| {
                if let Ok(job) = line.ring.try_get() {
                    reached("worked");
                    line.deeds[job as usize].do_it();
                    line.ring.task_done().expect("it was put");
                }
            })
            .role("shuts down now, joins", |line| {
                let left = line.ring.shutdown_now();
                line.ring.join();
                if left.len() == 1 {
                    line.sees_it();
                }
            })
            .reaches([Slept, Woken, Named("worked")]),
        )
}
