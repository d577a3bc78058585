//! A program without a server, for tests to kill: it sends tasks into its journal and runs them.
//!
//! `journaled FOLDER FIRST END` sends the numbers from FIRST to END, and notes each in the file
//! `sent` when it is sent and in the file `done` when it has run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use tasks::{App, InProcess, TaskOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, first, end] = &args[..] else { return Err("FOLDER FIRST END".into()) };
    let folder = PathBuf::from(folder);
    let app = App::new(InProcess::with_journal(folder.join("journal"))?);
    let done = folder.join("done");
    app.task_with("mark", TaskOptions::new().ignore_result(true), move |_, (n,): (u64,)| {
        note(&done, n)?;
        Ok(())
    })?;
    // Killed on purpose, so no task counts as the cause, however often.
    let worker = app.worker().concurrency(2).max_redeliveries(u32::MAX).start()?;
    for n in first.parse::<u64>()?..end.parse()? {
        app.delay::<()>("mark", (n,))?;
        note(&folder.join("sent"), n)?;
    }
    worker.wait();
    Ok(())
}

fn note(file: &Path, n: u64) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(format!("{n}\n").as_bytes())
}
