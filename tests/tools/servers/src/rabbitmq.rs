//! A RabbitMQ server of a test program's own.
//!
//! Its start takes seconds, so the tests of a program share one: each in a virtual host of its own,
//! where no other test's queues are. A shell keeps the server, and ends it when the test program's
//! end of a pipe closes, however the program ends.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::waiting::until;

/// How many virtual hosts there are. They are made at the start, which is fast; later is slow.
const HOSTS: usize = 64;

/// Where Debian has the program itself; the one on the path changes the user first.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Starts the server and its registry of ports in a process group, waits for the end of the input,
/// and kills the group. The registry would otherwise outlive it.
const KEEPER: &str = r#"
set -m
( epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & exec "$SERVER" >out 2>&1 ) & group=$!
cat >/dev/null
kill -9 -- "-$group"
"#;

/// A server on free ports of this machine; it ends with the test program.
#[derive(Debug)]
pub struct RabbitMq {
    keeper: Child,
    input: Option<ChildStdin>,
    ports: [u16; 3],
    folder: PathBuf,
    used: AtomicUsize,
}

impl RabbitMq {
    /// The server that the tests of this program share. `None`, and a line that says so, where
    /// there is no `rabbitmq-server`.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<RabbitMq>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server for one test, which ends with the value.
    pub fn start() -> Option<Self> {
        let program = if Path::new(PROGRAM).exists() { PROGRAM } else { "rabbitmq-server" };
        let is_there = |name: &str| {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
            found.is_ok_and(|found| found.status.success())
        };
        if !is_there(program) || !is_there("epmd") {
            println!("skipped: there is no rabbitmq-server");
            return None;
        }
        // Ports that were free a moment ago; the next try takes others.
        for _ in 0..5 {
            let listeners = [0, 1, 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
            let ports = listeners.each_ref().map(|one| one.local_addr().unwrap().port());
            drop(listeners);
            let folder = std::env::temp_dir().join(format!("locksmith-rabbitmq-{}", ports[0]));
            std::fs::create_dir_all(&folder).unwrap();
            let (keeper, input) = keep(program, ports, &folder);
            let used = AtomicUsize::new(0);
            let server = Self { keeper, input: Some(input), ports, folder, used };
            if server.has_started() {
                return Some(server);
            }
        }
        panic!("rabbitmq-server does not start");
    }

    /// Waits until it answers, or has ended.
    fn has_started(&self) -> bool {
        let mut answers = false;
        until("rabbitmq-server answers or ends", || {
            answers = TcpStream::connect(("127.0.0.1", self.ports[0])).is_ok();
            answers || std::fs::read_to_string(self.folder.join("out")).is_ok_and(has_failed)
        });
        answers
    }

    /// The address of a virtual host that no other caller has had.
    pub fn url(&self) -> String {
        let host = self.used.fetch_add(1, Relaxed); // Relaxed: only that no two are the same
        assert!(host < HOSTS, "there are more tests than virtual hosts");
        format!("amqp://guest:guest@127.0.0.1:{}/v{host}", self.ports[0])
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.input = None;
        self.keeper.wait().unwrap();
    }

    /// Starts it again, on the same ports and with its stored data.
    pub fn start_again(&mut self) {
        let program = if Path::new(PROGRAM).exists() { PROGRAM } else { "rabbitmq-server" };
        let (keeper, input) = keep(program, self.ports, &self.folder);
        (self.keeper, self.input) = (keeper, Some(input));
        assert!(self.has_started(), "rabbitmq-server does not start again");
    }
}

/// Whether the log says that the server has given up: another program has taken a port.
fn has_failed(log: String) -> bool {
    log.contains("BOOT FAILED")
        || log.contains("eaddrinuse")
        || log.contains("Kernel pid terminated")
}

fn keep(program: &str, ports: [u16; 3], folder: &Path) -> (Child, ChildStdin) {
    let [port, registry, between] = ports;
    let hosts: Vec<String> = (0..HOSTS).map(|host| format!("v{host}")).collect();
    let list = |entry: &dyn Fn(&str) -> String| {
        hosts.iter().map(|host| entry(host)).collect::<Vec<_>>().join(", ")
    };
    let definitions = format!(
        r#"{{"users": [{{"name": "guest", "password": "guest", "tags": "administrator"}}],
            "vhosts": [{}], "permissions": [{}]}}"#,
        list(&|host| format!(r#"{{"name": "{host}"}}"#)),
        list(&|host| format!(
            r#"{{"user": "guest", "vhost": "{host}", "configure": ".*", "write": ".*", "read": ".*"}}"#
        )),
    );
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("definitions.json", &definitions);
    let load = folder.join("definitions.json");
    write("rabbitmq.conf", &format!("load_definitions = {}\n", load.display()));
    write("plugins", "[].\n");
    let mut keeper = Command::new("bash")
        .args(["-c", KEEPER])
        .current_dir(folder)
        .env("SERVER", program)
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", registry.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODENAME", format!("locksmith{port}@localhost"))
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", between.to_string())
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("there is a bash");
    let input = keeper.stdin.take().expect("it has a pipe");
    (keeper, input)
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
