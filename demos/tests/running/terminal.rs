//! What the demos draw on a terminal, and on one that can draw nothing.

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;
use std::thread;

use crate::every_demo::DEMOS;
use crate::run::demos;

/// A terminal of this size: our end, and the program's.
fn terminal(columns: u16) -> (File, OwnedFd) {
    let size = libc::winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut ours, mut its) = (-1, -1);
    // SAFETY: the places for the two ends are valid, and so is the size.
    let failed = unsafe {
        libc::openpty(&mut ours, &mut its, ptr::null_mut(), ptr::null_mut(), &raw const size)
    };
    assert_eq!(failed, 0, "there are terminals");
    // SAFETY: the two ends have just been opened, and no other code has them.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(its)) }
}

/// What the demo writes to standard error, which is a terminal of this kind.
fn drawn(arguments: &str, kind: Option<&str>) -> String {
    let (mut ours, its) = terminal(100);
    let mut command = demos(arguments);
    command.stderr(its);
    match kind {
        Some(kind) => command.env("TERM", kind),
        None => command.env_remove("TERM"),
    };
    let mut child = command.spawn().expect("cargo built the binary");
    drop(command); // and with it our copy of the program's end
    let drawn = thread::spawn(move || {
        let mut drawn = Vec::new();
        // The last read fails: the other end is gone.
        let _ = ours.read_to_end(&mut drawn);
        String::from_utf8_lossy(&drawn).into_owned()
    });
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().expect("it is our child").success(), "{out}");
    drawn.join().unwrap()
}

/// Each takes long enough to be drawn a few times.
const LIVE: [&str; 2] = ["tickets", "barrier"];

#[test]
fn a_terminal_gets_a_live_line_and_a_dumb_one_none() {
    for demo in LIVE {
        assert!(drawn(demo, Some("xterm")).contains('\u{1b}'), "{demo} draws");
        for dumb in [Some("dumb"), Some(""), None] {
            let drawn = drawn(demo, dumb);
            assert!(!drawn.contains('\u{1b}') && !drawn.contains('\r'), "{demo}: {drawn:?}");
        }
    }
}

/// What the demo writes to standard output, which is a terminal with so many columns.
fn report(arguments: &str, columns: u16) -> String {
    let (mut ours, its) = terminal(columns);
    let mut command = demos(arguments);
    command.env("TERM", "dumb").stdout(its);
    let mut child = command.spawn().expect("cargo built the binary");
    drop(command); // and with it our copy of the program's end
    let mut report = Vec::new();
    // The last read fails: the other end is gone.
    let _ = ours.read_to_end(&mut report);
    assert!(child.wait().expect("it is our child").success(), "{arguments}");
    String::from_utf8(report).expect("the demos print UTF-8").replace('\r', "")
}

/// Only what cannot be cut is wider: a path, or a command to type.
#[test]
fn tables_and_lanes_fit_a_narrow_terminal() {
    const COLUMNS: usize = 40;
    for demo in DEMOS {
        let report = report(demo.name, COLUMNS as u16);
        assert!(report.contains("━"), "{}: {report}", demo.name);
        for line in report.lines() {
            let line = console::strip_ansi_codes(line);
            let is_one_word = line.split_whitespace().count() == 1;
            let fits = console::measure_text_width(&line) <= COLUMNS;
            assert!(fits || is_one_word, "{}: {line:?}\n{report}", demo.name);
        }
    }
}
