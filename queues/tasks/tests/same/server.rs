//! A Redis server of a test's own, and Celery beside it.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::same::until;

/// A server on a free port of this machine; it ends with the test.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    appends: bool,
}

impl Server {
    /// `None`, and a line that says so, where there is no `redis-server`.
    pub(crate) fn start() -> Option<Self> {
        Self::with(false)
    }

    /// A server that writes every change to disk, and so survives a restart.
    #[allow(dead_code)] // not every test restarts it
    pub(crate) fn that_keeps() -> Option<Self> {
        Self::with(true)
    }

    fn with(appends: bool) -> Option<Self> {
        // A port that was free a moment ago; the next try takes another.
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
            let folder = std::env::temp_dir().join(format!("locksmith-redis-{port}"));
            std::fs::create_dir_all(&folder).ok()?;
            let Ok(child) = spawn(port, &folder, appends) else {
                println!("skipped: there is no redis-server");
                return None;
            };
            let mut server = Self { child, port, folder, appends };
            let mut answers = false;
            until("redis-server answers or ends", || {
                answers = server.answers();
                answers || server.child.try_wait().is_ok_and(|ended| ended.is_some())
            });
            if answers {
                return Some(server);
            }
        }
        None
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    #[allow(dead_code)]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    #[allow(dead_code)]
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port and with its stored data.
    #[allow(dead_code)]
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.folder, self.appends).unwrap();
        until("redis-server is back", || self.answers());
    }
}

fn spawn(port: u16, folder: &Path, appends: bool) -> std::io::Result<Child> {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", if appends { "yes" } else { "no" }, "--appendfsync", "always"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Python with Celery in it: `LOCKSMITH_CELERY` names it, else the environment that `.ci/run`
/// makes.
pub(crate) fn python() -> Option<PathBuf> {
    let made = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/celery-venv/bin/python");
    let python = std::env::var_os("LOCKSMITH_CELERY").map_or_else(|| made.into(), PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    println!("skipped: no Python with Celery at {} (`.ci/run` makes it)", python.display());
    None
}

/// A Python program in `tests/python`; it ends with the test.
pub(crate) struct Python(pub(crate) Child);

impl Python {
    /// Runs a module with arguments, and `BROKER` in its environment.
    pub(crate) fn run(python: &Path, url: &str, args: &[&str]) -> Self {
        let child = Command::new(python)
            .args(args)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python"))
            .env("BROKER", url)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// A Celery worker on these queues, once it is ready.
    pub(crate) fn worker(python: &Path, url: &str, queues: &str, more: &[&str]) -> Self {
        let start = ["-m", "celery", "-A", "app", "worker", "-P", "solo", "-Q", queues];
        let args: Vec<&str> = start
            .iter()
            .chain(&["-n", "python@test", "-l", "error"])
            .chain(more)
            .copied()
            .collect();
        let worker = Self::run(python, url, &args);
        let inspect =
            ["-m", "celery", "-A", "app", "inspect", "ping", "-d", "python@test", "-t", "2"];
        until("Celery's worker is ready", || {
            Self::run(python, url, &inspect).lines().iter().any(|line| line.contains("pong"))
        });
        worker
    }

    /// Its whole output, until it ends.
    pub(crate) fn lines(mut self) -> Vec<String> {
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
