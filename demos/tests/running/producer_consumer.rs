//! The demo producer-consumer.

use std::fs;
use std::path::Path;

#[cfg(target_os = "linux")]
use crate::run::interrupt;
use crate::run::{Ended, assert_refused, assert_snapshot, demos, finish, fresh_folder, run};

const TEXTS: &str = "tests/running/texts";

/// Runs it on the committed texts.
fn on_texts(arguments: &str) -> Ended {
    run(&format!("--input {TEXTS} {arguments}"))
}

/// Runs it on `folder`.
fn on(folder: &Path, arguments: &str) -> Ended {
    finish(demos(arguments).arg("--input").arg(folder).spawn().unwrap())
}

#[track_caller]
fn assert_check_holds(ended: &Ended) {
    assert_eq!(ended.status, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("\nok: a single thread counts the same"), "{}", ended.out);
    assert_eq!(ended.err, "");
}

/// The word and the number in each line of the chart.
fn top_words(ended: &Ended) -> Vec<(&str, &str)> {
    let before_threads = ended.out.lines().take_while(|line| !line.starts_with("  thread "));
    let chart =
        before_threads.filter(|line| line.contains(['█', '▏', '▎', '▍', '▌', '▋', '▊', '▉']));
    chart
        .map(|line| {
            let mut columns = line.split_whitespace();
            (columns.next().unwrap(), columns.next().unwrap())
        })
        .collect()
}

#[test]
fn the_most_common_words_are_counted() {
    let ended = on_texts("--top 4");
    assert_check_holds(&ended);
    assert_eq!(top_words(&ended), [("the", "9"), ("and", "4"), ("is", "4"), ("lock", "3")]);
}

#[test]
fn the_check_holds_with_few_and_with_many_threads() {
    let few = on_texts("--producers 1 --consumers 1 --capacity 1");
    let many = on_texts("--producers 8 --consumers 8 --capacity 1000");
    assert_check_holds(&few);
    assert_check_holds(&many);
    assert_eq!(top_words(&few), top_words(&many));
}

#[test]
fn the_check_holds_in_batches() {
    for batch in [2, 7, 10_000] {
        assert_check_holds(&on_texts(&format!("--batch {batch}")));
    }
}

#[test]
fn under_its_name_it_is_the_same_demo() {
    let named = run(&format!("producer-consumer --input {TEXTS}"));
    assert_check_holds(&named);
    assert_eq!(top_words(&named), top_words(&on_texts("")));
}

/// With the numbers masked that differ from run to run.
#[test]
fn the_report_is_as_committed() {
    let ended = on_texts("--producers 1 --consumers 1 --no-timeline");
    assert_check_holds(&ended);
    // What follows from the figures depends on them.
    let lines = ended.out.lines().filter(|line| !line.starts_with("So: "));
    let masked: Vec<_> = lines.map(mask).collect();
    assert_snapshot("report.txt", &(masked.join("\n") + "\n"));
}

/// Puts `#` for the numbers that depend on who was faster: times, waits, and the fill of the queue.
fn mask(line: &str) -> String {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let a_thread = line.starts_with("  producer-") || line.starts_with("  consumer-");
    let words: Vec<_> = line.split(' ').collect();
    let masked = words.iter().enumerate().map(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let duration = is_number(word) && word.trim_end_matches('.').ends_with('s');
        let waits = a_thread && at + 1 == words.len();
        let fill = words[0] == "Highest" && next == "of";
        if duration || waits || fill || next.starts_with("time") {
            // As wide as before where columns are aligned.
            let width = if waits { word.len() } else { 0 };
            let end = if word.ends_with('.') { "." } else { "" };
            format!("{:>width$}{end}", "#")
        } else if word.starts_with("time") {
            word.replace("times", "time").replace("time", "times")
        } else {
            (*word).to_owned()
        }
    });
    masked.collect::<Vec<_>>().join(" ")
}

#[test]
fn without_input_it_reads_the_chapters_of_the_book() {
    let repository = fresh_folder("a-repository");
    fs::create_dir_all(repository.join("book/src")).unwrap();
    fs::create_dir_all(repository.join("demos")).unwrap();
    fs::create_dir_all(repository.join("elsewhere")).unwrap();
    fs::write(repository.join("book/src/lock.md"), "chapter chapter").unwrap();
    fs::write(repository.join("book/src/notes.txt"), "not not not").unwrap();

    // Where cargo says that the package is; without cargo, upwards from the current folder.
    let mut by_cargo = demos("");
    by_cargo.env("CARGO_MANIFEST_DIR", repository.join("demos")).current_dir("/");
    let mut by_folder = demos("");
    by_folder.env_remove("CARGO_MANIFEST_DIR").current_dir(repository.join("elsewhere"));
    for mut command in [by_cargo, by_folder] {
        let ended = finish(command.spawn().unwrap());
        assert_check_holds(&ended);
        assert_eq!(top_words(&ended), [("chapter", "2")]);
    }

    let mut nowhere = demos("");
    nowhere.env_remove("CARGO_MANIFEST_DIR").current_dir("/");
    assert_refused(&finish(nowhere.spawn().unwrap()), &["book/src/*.md", "--input DIR"]);
}

#[test]
fn a_file_that_is_not_text_is_skipped_and_named() {
    let folder = fresh_folder("latin-1");
    fs::write(folder.join("good.txt"), "good").unwrap();
    fs::write(folder.join("latin1.txt"), b"first line is fine\ngr\xfc\xdfe\n").unwrap();
    let ended = on(&folder, "");
    assert_check_holds(&ended);
    assert!(
        ended.out.contains("Skipped 1 file:\n  \"latin1.txt\": not UTF-8 text\n"),
        "{}",
        ended.out
    );
    assert_eq!(top_words(&ended), [("good", "1")], "no line of it was counted");
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_be_read_is_skipped_and_named() {
    let folder = fresh_folder("unreadable");
    fs::write(folder.join("good.txt"), "good").unwrap();
    std::os::unix::fs::symlink("gone", folder.join("link.txt")).unwrap();
    let ended = on(&folder, "");
    assert_check_holds(&ended);
    assert!(ended.out.contains("Skipped 1 file:\n  \"link.txt\": No such file"), "{}", ended.out);
}

#[test]
fn of_many_skipped_files_the_first_are_named_and_all_are_counted() {
    let folder = fresh_folder("many-skipped");
    fs::write(folder.join("good.txt"), "good").unwrap();
    for number in 10..30 {
        fs::write(folder.join(format!("{number}.bin")), b"\xff").unwrap();
    }
    let ended = on(&folder, "--producers 4");
    assert_check_holds(&ended);
    let named = ended.out.matches("not UTF-8 text").count();
    assert!(ended.out.contains("Skipped 20 files:\n  \"10.bin\": "), "{}", ended.out);
    assert!(ended.out.contains(&format!("  and {} more\n", 20 - named)), "{}", ended.out);
}

#[test]
fn a_folder_without_a_text_is_refused() {
    let folder = fresh_folder("no-text");
    assert_refused(&on(&folder, ""), &["no-text", "no file", "allowed"]);
    fs::write(folder.join("noise"), b"\xff\xfe").unwrap();
    assert_refused(&on(&folder, ""), &["no-text", "1 skipped", "\"noise\"", "allowed"]);
}

#[test]
fn an_empty_text_is_a_text() {
    let folder = fresh_folder("empty-text");
    fs::write(folder.join("empty.txt"), "").unwrap();
    let ended = on(&folder, "");
    assert_check_holds(&ended);
    assert!(ended.out.contains("1 file, 0 lines, 0 words"), "{}", ended.out);
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    assert_refused(&run("--input no-such-folder"), &["--input", "\"no-such-folder\"", "allowed"]);
    assert_refused(&run("--input Cargo.toml"), &["--input", "\"Cargo.toml\"", "not a folder"]);
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    for option in ["--producers", "--consumers", "--capacity", "--top"] {
        for wrong in ["0", "-1", "many", "1000000000"] {
            let ended = run(&format!("{option} {wrong}"));
            assert_refused(&ended, &[option, &format!("'{wrong}'"), "from 1 to "]);
        }
    }
}

/// One consumer and one place: the producer is blocked, or about to be, when its only reader dies.
#[test]
fn a_consumer_that_panics_is_shown_and_leaves_nobody_waiting() {
    for threads in ["--producers 1 --consumers 1 --capacity 1", "--producers 8 --consumers 8"] {
        let ended = on_texts(&format!("{threads} --panic-consumer 1"));
        assert_panicked(&ended, "consumer-");
    }
}

/// The consumers are waiting, or about to, when nothing more will come.
#[test]
fn a_producer_that_panics_is_shown_and_leaves_nobody_waiting() {
    for threads in ["--producers 1 --consumers 1 --capacity 1", "--producers 8 --consumers 8"] {
        let ended = on_texts(&format!("{threads} --panic-producer 1"));
        assert_panicked(&ended, "producer-");
    }
}

#[track_caller]
fn assert_panicked(ended: &Ended, side: &str) {
    assert_eq!(ended.status, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(&format!("thread '{side}")), "{}", ended.err);
    let place = ended.err.split_once("producer_consumer.rs:").expect("the file").1;
    assert!(place.starts_with(|c: char| c.is_ascii_digit()), "the line: {place}");
    assert!(ended.out.contains(&format!("\nFAILED: {side}")), "{}", ended.out);
}

/// `/proc/thread-self/comm` has the name of the thread that reads it, so the threads and the check
/// read different words in the same file.
#[test]
#[cfg(target_os = "linux")]
fn a_check_that_does_not_hold_is_a_failure() {
    let folder = fresh_folder("changing");
    std::os::unix::fs::symlink("/proc/thread-self/comm", folder.join("name.txt")).unwrap();
    let ended = on(&folder, "");
    assert_eq!(ended.status, Some(1), "{}", ended.out);
    let verdict = "FAILED: the threads counted \"demos\" 0 times, a single thread 1";
    assert!(ended.out.contains(verdict), "{}", ended.out);
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_stops_it_and_shows_what_was_done() {
    let folder = fresh_folder("long");
    fs::write(folder.join("long.txt"), "a\n".repeat(2_000_000)).unwrap();
    let child = demos("--capacity 1").arg("--input").arg(folder).spawn().unwrap();
    interrupt(&child);
    let ended = finish(child);
    assert_eq!(ended.status, Some(130), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("\ninterrupted: 0 of 1 file read to the end"), "{}", ended.out);
    assert_eq!(ended.err, "");
}
