//! What holds for each demo, by name. A new demo is a new line in [`DEMOS`].

use std::fs;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use crate::run::{Ended, assert_refused, assert_snapshot, demos, finish, fresh_folder, run};

/// A demo, and what to run it with.
pub(crate) struct Demo {
    pub(crate) name: &'static str,
    /// Arguments for a report that is the same each time, but for masked numbers; `None`: it has a
    /// test of its own.
    report: Option<&'static str>,
    /// Arguments that must be refused, and what the line must name.
    bad: [(&'static str, &'static str); 3],
    /// Whether it has the beginner's version.
    broken: bool,
}

// One below the other, as they are listed.
#[rustfmt::skip]
pub(crate) const DEMOS: &[Demo] = &[
    Demo {
        name: "producer-consumer",
        report: None,
        bad: [("--capacity 0", "--capacity"), ("--input nowhere", "nowhere"), ("--top ten", "ten")],
        broken: false,
    },
    Demo {
        name: "base-converter",
        report: Some(""),
        bad: [("--base 1", "--base"), ("twelve", "twelve"), ("-- -3", "-3")],
        broken: true,
    },
    Demo {
        name: "rlock",
        report: None, // the audits are as many as there was time for
        bad: [("--clerks 0", "--clerks"), ("--levels 13", "--levels"), ("--expenses -1", "-1")],
        broken: true,
    },
    Demo {
        name: "semaphore",
        report: None, // all of it is about time
        bad: [("--cars 0", "--cars"), ("--places -1", "-1"), ("--park 0", "--park")],
        broken: true,
    },
    Demo {
        name: "event",
        report: None, // all of it is about time
        bad: [("--runners 0", "--runners"), ("--walk -1", "-1"), ("--run 9", "--run")],
        broken: true,
    },
    Demo {
        name: "condition",
        report: None, // all of it is about time
        bad: [("--letters 0", "--letters"), ("--readers 65", "--readers"), ("--write -1", "-1")],
        broken: true,
    },
    Demo {
        name: "tickets",
        report: Some("--counters 1 --seed 7 --think 10"),
        bad: [("--counters 0", "--counters"), ("--seats -5", "-5"), ("--seed x", "--seed")],
        broken: true,
    },
    Demo {
        name: "banking",
        report: Some("--threads 1 --transfers 500 --seed 3"),
        bad: [("--accounts 1", "--accounts"), ("--transfers -1", "-1"), ("--signal hope", "condition, event")],
        broken: true,
    },
    Demo {
        name: "threads",
        report: Some("--input tests/running/texts"),
        bad: [("--input nowhere", "nowhere"), ("--readers 3", "--readers"), ("chapters", "chapters")],
        broken: true,
    },
    Demo {
        name: "barrier",
        report: Some("--threads 1 --generations 50"),
        bad: [("--threads 0", "--threads"), ("--input nowhere", "nowhere"), ("--rows 2", "--rows")],
        broken: true,
    },
    Demo {
        name: "timers",
        report: None, // all of it is about time
        bad: [("--alarms 0", "--alarms"), ("--within -1", "-1"), ("--cancel 101", "--cancel")],
        broken: true,
    },
    Demo {
        name: "pipeline",
        report: Some("--input tests/running/texts"),
        bad: [("--batch 0", "--batch"), ("--input nowhere", "nowhere"), ("--output /dev/null/no", "--output")],
        broken: false,
    },
    Demo {
        name: "logger",
        report: None, // all of it is about time
        bad: [("--threads 0", "--threads"), ("--input nowhere", "nowhere"), ("--output /dev/null/no", "--output")],
        broken: true,
    },
    Demo {
        name: "task-queue",
        report: None, // all of it is about time
        bad: [("--workers 0", "--workers"), ("--input nowhere", "nowhere"), ("--jobs 7", "--jobs")],
        broken: false,
    },
    Demo {
        name: "crawler",
        report: None, // the book grows
        bad: [("--url http://example.org/", "example.org"), ("--site nowhere", "nowhere"), ("--depth -1", "-1")],
        broken: true,
    },
    Demo {
        name: "coroutines",
        report: None, // the book grows, and memory is the machine's
        bad: [("--clients 0", "--clients"), ("--permits 257", "--permits"), ("--latency -1", "-1")],
        broken: true,
    },
    Demo {
        name: "deadlock",
        report: None, // it has the lines and columns of its own source
        bad: [("--philosophers 1", "--philosophers"), ("--cure hope", "try-and-back-off"), ("--meals -1", "-1")],
        broken: true,
    },
    Demo {
        name: "litmus",
        report: None, // all of it is about this machine
        bad: [("--rounds 0", "--rounds"), ("--time -1", "-1"), ("--rounds many", "many")],
        broken: false,
    },
    // More demos above this line.
];

fn ends_well(ended: &Ended, arguments: &str) {
    assert_eq!(ended.status, Some(0), "{arguments}: {}{}", ended.out, ended.err);
    assert!(ended.out.contains("\nok: "), "{arguments}: {}", ended.out);
}

#[test]
fn its_defaults_work() {
    for Demo { name, .. } in DEMOS {
        ends_well(&run(name), name);
    }
}

#[test]
fn its_help_is_as_committed() {
    for Demo { name, .. } in DEMOS {
        let ended = run(&format!("{name} --help"));
        assert_eq!(ended.status, Some(0), "{name}");
        assert_snapshot(&format!("help-{name}.txt"), &ended.out);
    }
}

#[test]
fn its_final_report_is_as_committed() {
    for Demo { name, report, .. } in DEMOS {
        let Some(arguments) = report else { continue };
        let ended = run(&format!("{name} --no-timeline {arguments}"));
        ends_well(&ended, name);
        let masked: Vec<_> =
            ended.out.lines().filter(is_the_same_each_time).map(mask_times).collect();
        assert_snapshot(&format!("report-{name}.txt"), &(masked.join("\n") + "\n"));
    }
}

/// What follows from the figures depends on them.
fn is_the_same_each_time(line: &&str) -> bool {
    !line.starts_with("So: ")
}

/// Puts `#` for numbers that depend on how fast the machine is: times, and what follows a `~`.
///
/// The noun after such a number is put in the singular: a slow machine has `~1 audit`.
fn mask_times(line: &str) -> String {
    let mask = |word: &str| {
        if let Some((file, _)) = word.split_once(".rs:") {
            return format!("{file}.rs:#"); // a line that moves when the file is edited
        }
        let number =
            word.trim_start_matches(['~', '(']).trim_end_matches(['.', ',', ')', ':', ';']);
        let digits = number.trim_end_matches(|c: char| c.is_alphabetic() || c == '/');
        let unit = &number[digits.len()..];
        let is_number =
            !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || ".,".contains(c));
        let varies = ["s", "ms", "µs", "ns", "/s"].contains(&unit) || word.contains('~');
        if is_number && varies { word.replace(number, "#") } else { word.to_owned() }
    };
    let mut masked: Vec<_> = line.split(' ').map(mask).collect();
    for noun in 1..masked.len() {
        if masked[noun - 1].ends_with("~#") {
            masked[noun] = singular(&masked[noun]).to_owned();
        }
    }
    let masked = masked.join(" ");
    // Columns are as wide as their widest number.
    if masked == line { masked } else { masked.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn singular(noun: &str) -> &str {
    match noun.strip_suffix('s') {
        Some(batche) if batche.ends_with("che") => &batche[..batche.len() - 1],
        Some(noun) => noun,
        None => noun,
    }
}

#[test]
fn a_number_that_varies_is_masked_with_its_noun() {
    for varies in ["and ~1 audit wrong", "and ~2 audits wrong", "and ~1,234 audits wrong"] {
        assert_eq!(mask_times(varies), "and ~# audit wrong");
    }
    assert_eq!(mask_times("~3 batches"), mask_times("~1 batch"));
    assert_eq!(mask_times("5 orders in 1.5ms"), "5 orders in #");
}

#[test]
fn bad_input_is_refused_in_one_line() {
    for Demo { name, bad, .. } in DEMOS {
        for (arguments, named) in bad {
            assert_refused(&run(&format!("{name} {arguments}")), &[named]);
        }
        assert_refused(
            &run(&format!("{name} --svg no-such-folder/a.svg")),
            &["--svg", "no-such-folder"],
        );
        assert_refused(&run(&format!("{name} --trace .")), &["--trace", "\".\""]);
    }
}

#[test]
fn the_beginners_version_fails_every_time() {
    for Demo { name, .. } in DEMOS.iter().filter(|demo| demo.broken) {
        for _ in 0..2 {
            let ended = run(&format!("{name} --broken --no-timeline"));
            assert_eq!(ended.status, Some(1), "{name}: {}{}", ended.out, ended.err);
            assert!(ended.out.contains("\nFAILED: "), "{name}: {}", ended.out);
        }
    }
}

#[test]
fn a_bank_that_locks_hand_over_hand_deadlocks_and_still_balances() {
    // The second leaves no time for luck: one transfer for each of two tellers, and one knot.
    for arguments in ["", "--threads 2 --transfers 2", "--threads 3 --accounts 2 --transfers 300"] {
        let ended = run(&format!("banking --hand-over-hand --no-timeline {arguments}"));
        assert_eq!(ended.status, Some(1), "{arguments}: {}{}", ended.out, ended.err);
        let said = [
            "deadlock: 2 threads wait for each other",
            "thread 'teller-1'\n      holds lock \"account 1\", taken at demos/src/banking/hand_over_hand.rs:",
            "thread 'teller-2'\n      holds lock \"account 2\", taken at demos/src/banking/hand_over_hand.rs:",
            ", from 'teller-1'",
            ", from 'teller-2'",
            "after the thread had asked",
            "breaks circular wait",
            "all backed off, and the ledger balances to the cent",
        ];
        for said in said {
            assert!(ended.out.contains(said), "{arguments}: no {said:?} in: {}", ended.out);
        }
        assert_eq!(ended.err, "", "{arguments}");
    }
    let alone = run("banking --hand-over-hand --threads 1");
    assert_refused(&alone, &["--hand-over-hand", "--threads"]);
    let both = run("banking --hand-over-hand --broken");
    assert_refused(&both, &["--hand-over-hand", "--broken"]);
}

#[test]
fn its_timeline_is_drawn_and_written() {
    let folder = fresh_folder("timelines");
    for Demo { name, .. } in DEMOS {
        let (svg, trace) =
            (folder.join(format!("{name}.svg")), folder.join(format!("{name}.json")));
        let mut command = demos(name);
        command.arg("--svg").arg(&svg).arg("--trace").arg(&trace);
        let ended = finish(command.spawn().unwrap());
        ends_well(&ended, name);
        assert!(ended.out.lines().any(|line| line.contains("━ runs")), "{name}: {}", ended.out);

        let svg = fs::read_to_string(svg).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{name}");
        assert!(svg.contains("class=\"runs\" d=\"M"), "{name}: a thread runs");
        let trace = fs::read_to_string(trace).unwrap();
        assert!(trace.starts_with('[') && trace.trim_end().ends_with(']'), "{name}");
        assert!(trace.contains("\"name\":\"at work\""), "{name}: {trace}");
        assert_eq!(trace.matches("\"ph\":\"B\"").count(), trace.matches("\"ph\":\"E\"").count());
    }
}

#[test]
fn it_says_what_follows_from_with_and_without() {
    for Demo { name, .. } in DEMOS {
        let ended = run(&format!("{name} --no-timeline"));
        ends_well(&ended, name);
        let follows = ended.out.lines().filter(|line| line.starts_with("So: "));
        assert_eq!(follows.count(), 1, "{name}: {}", ended.out);
    }
}

#[test]
fn a_phase_is_named_at_the_axis() {
    let folder = fresh_folder("phases");
    for (arguments, phases) in [
        ("threads", ["all do well", "one fails"].as_slice()),
        ("banking --transfers 20", &["transfers", "payday"]),
        (
            "deadlock --meals 2",
            &["accounts", "forks", "order", "try-and-back-off", "waiter", "monitor"],
        ),
    ] {
        let svg = folder.join("phases.svg");
        let mut command = demos(arguments);
        command.arg("--svg").arg(&svg);
        let ended = finish(command.spawn().unwrap());
        ends_well(&ended, arguments);
        let svg = fs::read_to_string(svg).unwrap();
        for phase in phases {
            assert!(svg.contains(&format!(">{phase}</text>")), "{arguments}: {phase}: {svg}");
            assert!(
                ended.out.contains(&format!("╷{phase}")),
                "{arguments}: {phase}: {}",
                ended.out
            );
        }
    }
}

#[test]
fn a_site_that_does_not_answer_is_refused_in_one_line() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener); // so no process listens there
    let ended = run(&format!("crawler --url http://{address}/"));
    assert_refused(&ended, &["--url", &address.to_string(), "a site that answers is allowed"]);
}

#[test]
fn a_coroutine_that_blocks_the_thread_of_all_is_named() {
    let ended = run("coroutines --broken --no-timeline");
    assert_eq!(ended.status, Some(1), "{}{}", ended.out, ended.err);
    for part in [
        "thread 'executor'",
        "wants semaphore \"permits\", at demos/src/coroutines/one_thread.rs:",
        "from 'executor'",
        "in a coroutine, polled at book/listings/mini_executor.rs:",
    ] {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
    // With a permit for each, no client waits.
    let ended = run("coroutines --broken --no-timeline --clients 20");
    ends_well(&ended, "--broken --clients 20");
}

#[test]
fn the_point_of_deadlock_fits_a_small_terminal() {
    let ended = run("deadlock");
    ends_well(&ended, "deadlock");
    let lines: Vec<_> = ended.out.lines().collect();
    // A line is left for the prompt.
    let last = lines[lines.len().saturating_sub(23)..].join("\n");
    for part in ["╭─▶", "╰─◀", "a ring of 5", "WITH a cure", "monitor", "So: ", "\nok: ", "Next:"]
    {
        assert!(last.contains(part), "{part}: {last}");
    }
}

#[test]
fn without_a_timeline_there_is_none() {
    for Demo { name, .. } in DEMOS {
        let ended = run(&format!("{name} --no-timeline"));
        ends_well(&ended, name);
        assert!(!ended.out.contains("━ runs"), "{name}: {}", ended.out);
    }
}

#[test]
fn a_reader_that_closes_the_pipe_has_seen_enough() {
    for Demo { name, .. } in DEMOS {
        let mut child = demos(name).spawn().unwrap();
        drop(child.stdout.take());
        let ended = finish(child);
        assert_eq!(ended.status, Some(0), "{name}: {}", ended.err);
        // Two of them show what a panic prints.
        let panics = ["threads", "task-queue"].contains(name);
        assert!(ended.err.is_empty() || panics, "{name}: {}", ended.err);
    }
}

#[test]
fn what_it_suggests_to_try_next_works() {
    let folder = fresh_folder("next");
    for Demo { name, .. } in DEMOS {
        let ended = run(name);
        let next = ended.out.lines().skip_while(|line| *line != "Next:");
        let commands = next.filter_map(|line| line.trim().strip_prefix("cargo run -- "));
        let commands: Vec<_> = commands.map(|rest| rest.split("  ").next().unwrap()).collect();
        assert!(!commands.is_empty(), "{name}: {}", ended.out);
        for arguments in commands {
            let ended = finish(demos(arguments).current_dir(&folder).spawn().unwrap());
            let fails = arguments.ends_with("--broken")
                || arguments.contains("--signal event")
                || arguments.contains("--hand-over-hand")
                || arguments.contains("--panic");
            let expected = Some(i32::from(fails));
            assert_eq!(ended.status, expected, "{arguments}: {}{}", ended.out, ended.err);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_stops_what_runs_long() {
    let long = [
        "banking --transfers 100000000",
        "barrier --generations 1000000",
        "condition --write 10000000",
        "coroutines --clients 100000",
        "coroutines --latency 10000",
        "coroutines --parses 100000 --clients 10",
        "crawler --latency 10000",
        "deadlock --meals 100000",
        "deadlock --eat 1000000",
        "event --run 60000000",
        "event --walk 10000000",
        "logger --threads 256",
        "litmus --rounds 1000000 --time 60000",
        "pipeline --pause 60000",
        "producer-consumer --slow-consumers 1000000",
        "producer-consumer --slow-producers 1000000",
        "rlock --expenses 1000000",
        "semaphore --park 10000000",
        "task-queue --rounds 100000",
        "tickets --think 1000000",
        "timers --within 60000",
        "timers --within 60000 --ticks 1 --broken",
    ];
    let many_numbers = format!("base-converter {}", "2026 ".repeat(20_000));
    for arguments in long.into_iter().chain([many_numbers.trim()]) {
        let child = demos(arguments).spawn().unwrap();
        crate::run::interrupt(&child);
        let pressed = Instant::now();
        let ended = finish(child);
        let took = pressed.elapsed();
        // It takes a fifth of a second; this is for a machine that has other work.
        assert!(took < Duration::from_secs(5), "{arguments}: {took:?}");
        assert_eq!(ended.status, Some(130), "{arguments}: {}{}", ended.out, ended.err);
        assert!(ended.out.contains("\ninterrupted: "), "{arguments}: {}", ended.out);
    }
}
