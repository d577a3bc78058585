//! Batches: many items at once, beside others and in the face of a shutdown.

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use queues::{GetError, GetTimeoutError, PutError};

use super::{A_WHILE, Line};

pub(super) fn add_to(group: Group) -> Group {
    ending(beside_others(passing(group)))
}

/// Gets so many, in as many batches as it takes.
fn get_all_of(line: &Line, most: usize) -> Vec<u32> {
    let mut items = Vec::new();
    while items.len() < most {
        let (before, wanted) = (items.len(), most - items.len());
        let got = line.ring.get_many(&mut items, wanted).expect("it is not shut down");
        assert!(got > 0 && items.len() == before + got);
        if got > 1 {
            reached("got several at once");
        }
    }
    items
}

fn put_many(line: &Line, items: &[u32]) {
    line.ring.put_many(items.to_vec()).expect("it is not shut down");
}

fn passing(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("many", "Two items at once, thread to thread.", || Line::of(2, []))
                .role("puts two", |line| put_many(line, &[1, 2]))
                .role("gets two", |line| assert_eq!(get_all_of(line, 2), [1, 2]))
                .bound(Some(3))
                .reaches([Slept, Woken, Named("got several at once")]),
        )
        .scenario(
            Scenario::new("many-into-few", "Three items through two places, in order.", || {
                Line::of(2, [])
            })
            .role("puts three", |line| put_many(line, &[1, 2, 3]))
            .role("gets three", |line| assert_eq!(get_all_of(line, 3), [1, 2, 3]))
            .bound(Some(1))
            .spurious(0)
            .reaches([Slept, Woken, Named("got several at once")]),
        )
        .scenario(
            Scenario::new("many-from-full", "A batch waits for room that a batch makes.", || {
                Line::of(2, [1, 2])
            })
            .role("puts two", |line| put_many(line, &[3, 4]))
            .role("gets two", |line| assert_eq!(get_all_of(line, 2), [1, 2]))
            .check(|line| assert_eq!(get_all_of(line, 2), [3, 4]))
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("many-may-give-up", "A batch gives up, and says what it put.", || {
                Line::of(2, [0])
            })
            .role("puts two, perhaps", |line| {
                let outcome = line.ring.put_many_timeout(vec![1, 2], A_WHILE);
                if let Err(error) = outcome {
                    assert_eq!(error.into_inner(), [2], "there was one place");
                    reached("gave one back");
                    line.out.write(2);
                }
            })
            .role("gets, perhaps", |line| {
                let mut items = Vec::new();
                match line.ring.get_many_timeout(&mut items, 3, A_WHILE) {
                    Ok(got) => assert_eq!(got, items.len()),
                    Err(error) => assert_eq!(error, GetTimeoutError::Timeout),
                }
                items.into_iter().for_each(|item| line.out.write(item));
            })
            .check(|line| {
                line.empty_out();
                assert_eq!(line.out.sorted(), [0, 1, 2]);
            })
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, TimedOut, Named("gave one back")]),
        )
}

fn beside_others(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("many-beside-one", "A batch beside a single item.", || Line::of(2, []))
                .role("tries two", |line| {
                    if let Err(error) = line.ring.try_put_many(vec![1, 2]) {
                        assert_eq!(error.into_inner(), [2]);
                        reached("found one place");
                    }
                })
                .role("tries one", |line| _ = line.ring.try_put(3))
                .role("tries to get", |line| {
                    let mut items = Vec::new();
                    _ = line.ring.try_get_many(&mut items, 2);
                    items.into_iter().for_each(|item| line.out.write(item));
                })
                .check(|line| {
                    line.empty_out();
                    let items = line.out.sorted();
                    assert!([&[1, 3][..], &[1, 2], &[1, 2, 3]].contains(&&items[..]), "{items:?}");
                })
                .bound(Some(2))
                .spurious(0)
                .reaches([Named("found one place")]),
        )
        .scenario(
            Scenario::new("two-batches-get", "Two batches share what is there.", || {
                Line::of(2, [1, 2])
            })
            .roles(2, "tries to get two", |line| {
                let mut items = Vec::new();
                _ = line.ring.try_get_many(&mut items, 2);
                items.into_iter().for_each(|item| line.out.write(item));
            })
            .check(|line| assert_eq!(line.out.sorted(), [1, 2])),
        )
        .scenario(
            Scenario::new("many-call-two", "A batch calls a getter for each item.", || {
                Line::of(2, [])
            })
            .role("puts two", |line| put_many(line, &[1, 2]))
            .roles(2, "gets one", Line::get_one)
            .check(|line| assert_eq!(line.out.sorted(), [1, 2]))
            .bound(Some(1))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("many-len", "Never more items than places.", || Line::of(2, []))
                .role("puts two, gets two, twice", |line| {
                    for _ in 0..2 {
                        line.ring.try_put_many(vec![1, 2]).expect("there are two places");
                        assert_eq!(line.ring.try_get_many(&mut Vec::new(), 2), Ok(2));
                    }
                })
                .role("looks", |line| match line.ring.len() {
                    0 => reached("empty"),
                    2 => reached("full"),
                    len => panic!("{len} items, two at a time"),
                })
                .reaches([Named("empty"), Named("full")]),
        )
}

fn ending(group: Group) -> Group {
    group.scenario(
        Scenario::new("many-shut-down", "What was not put is given back.", || Line::of(2, []))
            .role("puts three", |line| {
                let outcome = line.ring.put_many(vec![1, 2, 3]);
                if let Err(PutError::Shutdown(back)) = outcome {
                    reached(if back.len() == 1 { "one came back" } else { "more came back" });
                    back.into_iter().for_each(|item| line.out.write(item));
                }
            })
            .role("gets, shuts down", |line| {
                let mut items = Vec::new();
                _ = line.ring.try_get_many(&mut items, 1);
                line.ring.shutdown();
                while line.ring.get_many(&mut items, 9) != Err(GetError::Shutdown) {}
                items.into_iter().for_each(|item| line.out.write(item));
            })
            .check(|line| assert_eq!(line.out.sorted(), [1, 2, 3], "in, or given back"))
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken, Named("one came back"), Named("more came back")]),
    )
}
