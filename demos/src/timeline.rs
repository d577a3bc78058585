//! The timeline of a run: a lane for each thread that shows when it ran, waited and held a lock.
//!
//! A demo marks what its threads do:
//!
//! ```ignore
//! let mut account = waiting!("an account", account.lock()); // it waits inside the parentheses
//! let _holding = holding!("an account");                    // and holds until the end of the block
//! level!("in the queue", queue.len());                      // a number to plot over the time
//! phase!("payday");                                         // what begins now, named on the axis
//! ```
//!
//! The marks are spans and events of `tracing`. Without a listener, a mark costs a load and
//! a branch. Which listener there is depends on the arguments that all demos share, [`Args`]:
//!
//! | file       | idea                                                                     |
//! | ---------- | ------------------------------------------------------------------------ |
//! | `recorder` | a layer of `tracing-subscriber` that keeps a lane for each thread        |
//! | `phases`   | what was done when: the names at the axis                                |
//! | `profile`  | how much of each moment was spent how, in memory that does not grow      |
//! | `picture`  | what was recorded, cut into the columns of a drawing                     |
//! | `terminal` | the drawing in characters                                                |
//! | `svg`      | the same as a self-contained file: `--svg FILE`                          |
//!
//! `--trace FILE` adds the layer of `tracing-chrome`, which writes each mark as it comes. Open the
//! file in <https://ui.perfetto.dev> or in `chrome://tracing`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use primitives::Lock;
use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::prelude::*;

use self::recorder::{Marks, Recorder};
use crate::outcome::BadInput;

mod lane;
mod phases;
mod picture;
mod profile;
mod recorder;
mod svg;
mod terminal;

pub(crate) use self::picture::Picture;

/// Marks that the calling thread waits while the expression is evaluated; gives back its value.
macro_rules! waiting {
    ($for_what:literal, $wait:expr) => {{
        let _waiting =
            ::tracing::trace_span!(target: "waiting", concat!("waits for ", $for_what)).entered();
        $wait
    }};
}

/// Marks that the calling thread holds something, until the end of the block.
macro_rules! holding {
    ($what:literal) => {
        ::tracing::trace_span!(target: "holding", concat!("holds ", $what)).entered()
    };
}

/// Marks that the calling thread is at work, until the end of the block. `workers` does it for all.
macro_rules! running {
    ($what:literal) => {
        ::tracing::trace_span!(target: "running", $what).entered()
    };
}

/// Plots a number over the time.
macro_rules! level {
    ($what:literal, $level:expr) => {
        ::tracing::event!(name: $what, target: "level", ::tracing::Level::TRACE, level = $level as u64)
    };
}

/// Names what begins now; the name stands at the axis.
macro_rules! phase {
    ($what:expr) => {
        ::tracing::event!(target: "phase", ::tracing::Level::TRACE, phase = $what)
    };
}

pub(crate) use {holding, level, phase, running, waiting};

/// The arguments about the timeline, the same in all demos.
#[derive(clap::Args, Debug)]
#[group(skip)] // its name would be that of the demo's own arguments
pub(crate) struct Args {
    /// Write the timeline as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a trace for ui.perfetto.dev or chrome://tracing
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Record and show no timeline
    #[arg(long)]
    no_timeline: bool,
}

/// A timeline that is being recorded.
pub(crate) struct Timeline {
    recorder: Option<Arc<Recorder>>,
    svg: Option<Output>,
    trace: Option<(FlushGuard, Errors)>,
}

/// A file that could be opened, and its name as it was given.
struct Output {
    file: File,
    path: PathBuf,
}

impl Args {
    /// Opens the files and begins to record, from now on and in all threads.
    ///
    /// # Errors
    ///
    /// [`BadInput`], if a file cannot be written.
    pub(crate) fn start(&self) -> anyhow::Result<Timeline> {
        if self.svg.is_some() && self.svg == self.trace {
            return Err(BadInput("--svg and --trace need two files, not the same".into()).into());
        }
        let open =
            |option, path: &Option<PathBuf>| path.as_deref().map(|path| create(option, path));
        let svg = open("--svg", &self.svg).transpose()?;
        let trace = open("--trace", &self.trace).transpose()?;

        let recorder =
            (!self.no_timeline || svg.is_some()).then(|| Arc::new(Recorder::starting_now()));
        let marks = recorder.clone().map(Marks::new);
        let (chrome, trace) = match trace {
            None => (None, None),
            Some(output) => {
                let errors = Errors::default();
                let file = Noticing { file: output.file, errors: errors.clone() };
                let file = io::BufWriter::new(file);
                let (layer, flush) =
                    ChromeLayerBuilder::new().writer(file).include_args(true).build();
                (Some(layer), Some((flush, errors)))
            }
        };
        if marks.is_some() || chrome.is_some() {
            // Not its `try_init`, which may take the place of the back end of `log` too.
            tracing::subscriber::set_global_default(
                tracing_subscriber::registry().with(marks).with(chrome),
            )?;
        }
        Ok(Timeline { recorder, svg, trace })
    }
}

impl Timeline {
    /// Ends the recording, and writes the files that were asked for.
    ///
    /// `None` if there is nothing to show, as with `--no-timeline`.
    ///
    /// # Errors
    ///
    /// If a file cannot be written after all: the disk is full.
    pub(crate) fn finish(self) -> anyhow::Result<Option<Picture>> {
        let picture = self.recorder.map(|recorder| recorder.stop());
        if let Some((flush, errors)) = self.trace {
            drop(flush);
            if let Some(error) = errors.lock().take() {
                return Err(error).context("cannot write the trace");
            }
        }
        if let (Some(mut svg), Some(picture)) = (self.svg, &picture) {
            let text = picture.to_svg();
            let written = svg.file.write_all(text.as_bytes());
            written.with_context(|| format!("cannot write {:?}", svg.path))?;
        }
        Ok(picture)
    }
}

fn create(option: &str, path: &Path) -> Result<Output, BadInput> {
    let refuse = |error: io::Error| {
        BadInput(format!(
            "{option} {path:?}: {error}; a file that can be written is allowed, in a folder that exists"
        ))
    };
    Ok(Output { file: File::create(path).map_err(refuse)?, path: path.to_owned() })
}

/// The first error of a writer that cannot return it.
type Errors = Arc<Lock<Option<io::Error>>>;

/// `tracing-chrome` writes in a thread of its own that panics at an error: it hears of none, and
/// this keeps the first.
struct Noticing {
    file: File,
    errors: Errors,
}

impl Write for Noticing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.errors.lock().get_or_insert(error);
                Ok(bytes.len())
            }
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
