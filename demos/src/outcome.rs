//! How a demo ended, and the exit status that says so.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use console::style;

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
        Ok(Outcome::Interrupted) => 130,
        Err(error) if error.is::<BadInput>() => 2,
        Err(_) => 1,
    };
    if let Err(error) = result {
        // Not `eprintln!`, which panics where standard error cannot be written.
        let _ = writeln!(io::stderr(), "{} {error:#}", style("error:").red().bold().for_stderr());
    }
    ExitCode::from(status)
}
