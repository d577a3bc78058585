//! Tasks in a RabbitMQ server, exactly as Celery keeps them there.
//!
//! ```text
//!   push ── publish, confirmed ──▶ queue <name> ── deliver, up to the prefetch count ──▶ buffer ──▶ claim
//!                                     ▲                                                              │
//!                                     └── requeue: given back, or the connection broke ──────────────┤
//!                                  queue <name>.dead ◀── buried, with the reason ────────────────────┘
//! ```
//!
//! **The broker itself acknowledges.** What a worker has claimed is unacknowledged at the server.
//! If the worker dies, its connection breaks, and the server gives everything back at once, to its
//! old place. So there is no visibility timeout, no refresh and no sweep.
//!
//! **The prefetch count** is the number of claimed messages plus the room in the worker, for the
//! whole channel. Tasks that wait for their time take no room, so it grows with them; otherwise a
//! few tasks for tomorrow would stop a worker today.
//!
//! **Redeliveries** are counted by a header. The server marks a message that it has delivered
//! before, and does not say whether a worker died with it or gave it back. So just before a marked
//! message would run, it is sent once more with a higher count, and the marked one is acknowledged.
//! Giving back a message that has not begun therefore counts nothing, however often. A worker that
//! dies between the two leaves both, and the task runs once more than it should.
//!
//! **Results** are not kept here. Use a store that all programs can read:
//! [`App::with_results`](crate::App::with_results) with [`Redis`](crate::Redis), as most users of
//! Celery with RabbitMQ do. Celery's `rpc://` knows neither chords nor a second reader of a result.
//!
//! | file                  | idea                                                       |
//! | --------------------- | ---------------------------------------------------------- |
//! | `amqp/server.rs`      | one connection, and patience with a server that is away    |
//! | `amqp/wire.rs`        | a message as properties, headers and body                  |
//! | `amqp/consumption.rs` | what the server has delivered and no claim has taken       |
//! | `amqp/shelf.rs`       | notes, leaders, dead letters, revoked tasks: all as queues |
//! | `amqp/broker.rs`      | the broker                                                 |
//! | `amqp/control.rs`     | commands and events                                        |

mod broker;
mod consumption;
mod control;
mod server;
mod shelf;
mod wire;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::Lock;

use self::consumption::Consumptions;
use self::server::Server;
use crate::error::Error;

/// How long a call waits for an unreachable server.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most steps of urgency that RabbitMQ should have in a queue, and Celery's priorities need.
const MOST_PRIORITY: u8 = 9;

/// A RabbitMQ server that keeps tasks. Results need another store.
///
/// All calls block; none may be made inside a tokio runtime.
///
/// ```no_run
/// use std::sync::Arc;
/// use tasks::{Amqp, App, InProcess};
///
/// let broker = Amqp::open("amqp://guest:guest@127.0.0.1:5672/%2f")?;
/// let results = InProcess::new(); // with the feature `redis`: Redis::open("redis://127.0.0.1")?
/// let app = App::with_results(Arc::new(broker), Arc::new(results));
/// # Ok::<(), tasks::Error>(())
/// ```
pub struct Amqp {
    server: Arc<Server>,
    consumptions: Consumptions,
    /// The tasks that were revoked before a worker of this program could hear of it.
    revoked: Lock<HashSet<String>>,
    /// The connection over which they were read.
    learnt: Lock<Option<u64>>,
    /// Held while a redelivered message is replaced by its counted copy.
    recounting: Lock<()>,
    /// The leaders among the threads of this program; the server only knows one connection.
    leaders: Lock<HashMap<String, (String, Instant)>>,
}

impl Amqp {
    /// Connects: `amqp://[user:password@]host[:port][/vhost]`; the usual vhost `/` is written
    /// `%2f`.
    ///
    /// # Errors
    ///
    /// If the address is not valid, or the server refuses or does not answer within 5 s.
    pub fn open(url: &str) -> Result<Self, Error> {
        let server = Arc::new(Server::new(url, PATIENCE)?);
        server.link()?;
        Ok(Self {
            server,
            consumptions: Consumptions::default(),
            revoked: Lock::default(),
            learnt: Lock::default(),
            recounting: Lock::default(),
            leaders: Lock::default(),
        })
    }

    /// Declares queues with so many steps of urgency, 1 to 9: Celery's `task_queue_max_priority`.
    /// On RabbitMQ the _largest_ priority is first. By default there is none, as in Celery, and
    /// tasks run in order of arrival.
    ///
    /// A queue that exists keeps what it was declared with; all programs must agree.
    ///
    /// # Errors
    ///
    /// If it is out of range.
    pub fn max_priority(self, steps: u8) -> Result<Self, Error> {
        if !(1..=MOST_PRIORITY).contains(&steps) {
            return Err(Error::Setting(format!(
                "the largest priority of a queue is 1 to {MOST_PRIORITY}, not {steps}"
            )));
        }
        self.server.set_max_priority(steps);
        Ok(self)
    }

    /// Sets how long a call waits for an unreachable server before it returns an error; the default
    /// is 5 s.
    #[must_use]
    pub fn patience(self, time: Duration) -> Self {
        self.server.set_patience(time);
        self
    }
}

/// The server's address, without a password.
impl fmt::Debug for Amqp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Amqp").field(&self.server.name()).finish()
    }
}
