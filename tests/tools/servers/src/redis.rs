//! A Redis server of a test's own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::waiting::until;

/// A server on a free port of this machine; it ends with the test.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    folder: PathBuf,
    appends: bool,
}

impl Redis {
    /// `None`, and a line that says so, where there is no `redis-server`.
    pub fn start() -> Option<Self> {
        Self::with(false)
    }

    /// A server that writes every change to disk, and so survives a restart.
    pub fn that_keeps() -> Option<Self> {
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

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port and with its stored data.
    pub fn start_again(&mut self) {
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

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
