//! How a demo ended, and the exit status that says so.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use console::style;
use primitives::threads::PanicError;

use crate::interrupt::{self, interrupted};

/// How a demo ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It finished, and the check of its result holds: status 0.
    Holds,
    /// The check does not hold, or a thread panicked: status 1.
    Fails,
    /// Ctrl-C: status 130, which is 128 and the number of SIGINT, as shells have it.
    Interrupted,
}

/// How it ended, and a sentence that says why.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) sentence: String,
}

impl Verdict {
    /// The verdict on a run: threads that panicked, else Ctrl-C, else what `check` says.
    ///
    /// `so_far` is what was done up to Ctrl-C. `check` gives a sentence in either case.
    pub(crate) fn on<'a>(
        panics: impl IntoIterator<Item = &'a PanicError>,
        so_far: impl FnOnce() -> String,
        check: impl FnOnce() -> Result<String, String>,
    ) -> Self {
        let panics: Vec<_> = panics.into_iter().map(panicked_where).collect();
        if !panics.is_empty() {
            let sentence = format!(
                "{}; the others came to an end, none is left waiting",
                panics.join(" and ")
            );
            return Self { outcome: Outcome::Fails, sentence };
        }
        // Ctrl-C may come during the check as well.
        let checked = if interrupted() { Ok(String::new()) } else { check() };
        let (outcome, sentence) = match checked {
            _ if interrupted() => (Outcome::Interrupted, format!("{}, nothing checked", so_far())),
            Ok(sentence) => (Outcome::Holds, sentence),
            Err(sentence) => (Outcome::Fails, sentence),
        };
        Self { outcome, sentence }
    }
}

/// `teller-1 panicked at demos/src/banking.rs:7:5`; the hook has printed the message.
fn panicked_where(panic: &PanicError) -> String {
    match panic.location() {
        Some(place) => format!("{} panicked at {place}", panic.thread_name()),
        None => format!("{} panicked", panic.thread_name()),
    }
}

/// Input that a demo refuses: status 2.
///
/// The text is one line that names what was wrong and what is allowed.
#[derive(Debug)]
pub(crate) struct BadInput(pub(crate) String);

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// Shows an error, if it was one, as one line on standard error; returns the status of the process.
pub(crate) fn exit_code(result: anyhow::Result<Outcome>) -> ExitCode {
    let status = match &result {
        Ok(Outcome::Holds) => 0,
        Ok(Outcome::Fails) => 1,
        Ok(Outcome::Interrupted) => interrupt::STATUS,
        Err(error) if error.is::<BadInput>() => 2,
        Err(_) => 1,
    };
    if let Err(error) = result {
        // Not `eprintln!`, which panics where standard error cannot be written.
        let _ = writeln!(io::stderr(), "{} {error:#}", style("error:").red().bold().for_stderr());
    }
    ExitCode::from(status)
}
