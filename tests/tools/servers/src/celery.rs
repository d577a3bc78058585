//! Python's Celery, in an environment that `.ci/run` makes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::waiting::until;

/// Python with Celery in it: `LOCKSMITH_CELERY` names it, else the environment that `.ci/run`
/// makes.
pub fn python() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    // Else every test beside Celery would be skipped, in silence.
    assert!(root.join("Cargo.lock").exists(), "{} is not the workspace's root", root.display());
    let made = root.join("target/celery-venv/bin/python");
    let python = std::env::var_os("LOCKSMITH_CELERY").map_or(made, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    println!("skipped: no Python with Celery at {} (`.ci/run` makes it)", python.display());
    None
}

/// A Python program in `tests/python`; it ends with the test.
#[derive(Debug)]
pub struct Python(pub Child);

impl Python {
    /// Runs a module with arguments, and `BROKER` in its environment.
    pub fn run(python: &Path, url: &str, args: &[&str]) -> Self {
        Self::with_results(python, url, url, args)
    }

    /// The same, with `BACKEND` too: results at another server than tasks.
    pub fn with_results(python: &Path, url: &str, results: &str, args: &[&str]) -> Self {
        let child = Command::new(python)
            .args(args)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../queues/tasks/tests/python"))
            .env("BROKER", url)
            .env("BACKEND", results)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("FLOWER_UNAUTHENTICATED_API", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// A Celery worker on these queues, once it is ready. It runs one task at a time.
    pub fn worker(python: &Path, url: &str, queues: &str, more: &[&str]) -> Self {
        Self::pool(python, url, "solo", queues, more)
    }

    /// A Celery worker with this kind of pool, once it is ready.
    pub fn pool(python: &Path, url: &str, kind: &str, queues: &str, more: &[&str]) -> Self {
        // The first one of a test is called `python`.
        let name = if kind == "solo" { "python@test" } else { &format!("{kind}@test") };
        let start = ["-m", "celery", "-A", "app", "worker", "-P", kind, "-Q", queues];
        let args: Vec<&str> =
            start.iter().chain(&["-n", name, "-l", "error"]).chain(more).copied().collect();
        let worker = Self::run(python, url, &args);
        let inspect = ["-m", "celery", "-A", "app", "inspect", "ping", "-d", name, "-t", "2"];
        until("Celery's worker is ready", || {
            Self::run(python, url, &inspect).lines().iter().any(|line| line.contains("pong"))
        });
        worker
    }

    /// Its whole output, until it ends.
    pub fn lines(mut self) -> Vec<String> {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let lines = lines.map_while(Result::ok).collect();
        let _ = self.0.wait();
        lines
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
