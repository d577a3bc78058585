//! A live line: how far a demo is, redrawn in place, and gone at the end.
//!
//! Drawn on standard error and only where that is a terminal that can move its cursor, so that what
//! is piped stays clean, and a dumb terminal, as in an editor's window, too.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use console::{Term, truncate_str};
use indicatif::{
    ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike, WeakProgressBar,
};
use primitives::Lock;

/// The most rows of a live picture: what fits in most terminals.
const MOST_ROWS: usize = 22;

/// On a terminal with fewer columns the bar is shorter.
const NARROW: usize = 60;

/// What a template calls the rows.
const KEYS: [&str; MOST_ROWS] = [
    "row0", "row1", "row2", "row3", "row4", "row5", "row6", "row7", "row8", "row9", "row10",
    "row11", "row12", "row13", "row14", "row15", "row16", "row17", "row18", "row19", "row20",
    "row21",
];

/// The line that is drawn now, if any, for other code that writes to the terminal.
static LIVE: Lock<Option<WeakProgressBar>> = Lock::new(None);

/// Starts a live line: a bar of `total` steps (`inc` makes one), each called `step`, and what `now`
/// says.
///
/// A thread of its own draws it ten times a second; `finish_and_clear`, or dropping it, takes it
/// away.
pub(crate) fn start(
    total: usize,
    step: &str,
    now: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> ProgressBar {
    let columns = columns();
    let bar = if columns < NARROW { 8 } else { 24 };
    let template = format!("{{bar:{bar}.cyan}} {{pos}}/{{len}} {step}  {{row0}}");
    // The two numbers have as many digits as the larger one.
    let beside = bar + 2 * total.to_string().len() + step.len() + 4;
    live(total, &template, 1, columns.saturating_sub(beside), move |_| now())
}

/// Starts a live picture of so many rows, instead of a line.
pub(crate) fn board(
    rows: usize,
    row: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
) -> ProgressBar {
    let rows = rows.min(MOST_ROWS);
    let template: Vec<_> = (0..rows).map(|row| format!("{{row{row}}}")).collect();
    live(0, &template.join("\n"), rows, columns(), row)
}

/// What can be drawn in a line: `^C` has room beside it.
fn columns() -> usize {
    usize::from(Term::stderr().size().1).saturating_sub("^C".len())
}

/// What the rows of a template show is asked for each time it is drawn, and cut to so many columns.
fn live(
    total: usize,
    template: &str,
    rows: usize,
    columns: usize,
    row: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
) -> ProgressBar {
    let terminal = Term::buffered_stderr();
    if !terminal.is_term() || is_dumb(env::var_os("TERM").as_deref()) {
        return ProgressBar::hidden();
    }
    let target = ProgressDrawTarget::term_like(Box::new(RoomForCtrlC(terminal)));
    let bar = ProgressBar::with_draw_target(Some(total as u64), target);
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    bar.set_style((0..rows).fold(style, |style, number| {
        let row = row.clone();
        let key: &'static str = KEYS[number];
        style.with_key(key, move |_: &ProgressState, line: &mut dyn Write| {
            // Writing into indicatif's string cannot fail.
            let _ = line.write_str(&truncate_str(&row(number), columns, "…"));
        })
    }));
    bar.enable_steady_tick(Duration::from_millis(100));
    *LIVE.lock() = Some(bar.downgrade());
    bar
}

/// Whether a terminal of this kind can do nothing but print one line after the other. Without a
/// kind, a Unix has to expect that.
fn is_dumb(kind: Option<&OsStr>) -> bool {
    kind.map_or(cfg!(unix), |kind| kind.is_empty() || kind == "dumb")
}

/// Runs `write`, which writes to the terminal, with the live line out of its way.
pub(crate) fn out_of_the_way(write: impl FnOnce()) {
    let live = LIVE.lock().as_ref().and_then(WeakProgressBar::upgrade);
    match live {
        Some(bar) => bar.suspend(|| {
            // indicatif has done so already, but not in a thread that panics: there it draws
            // nothing.
            let _ = Term::stderr().clear_line();
            write();
        }),
        None => write(),
    }
}

/// A terminal that claims to be two columns narrower than it is.
///
/// indicatif fills the line up to the last column. The `^C` that the terminal itself shows for
/// Ctrl-C would go to the next line, and the live line could not be cleared any more.
#[derive(Debug)]
struct RoomForCtrlC(Term);

impl TermLike for RoomForCtrlC {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub("^C".len() as u16).max(1)
    }
    fn height(&self) -> u16 {
        self.0.size().0
    }
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }
    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }
    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
