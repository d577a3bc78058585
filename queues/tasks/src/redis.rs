//! Tasks and results in a Redis server, exactly where Celery keeps them.
//!
//! ```text
//!   <queue>, <queue>␆␖3, ␆␖6, ␆␖9     a list for each step of urgency: pushed left, taken right
//!   unacked_index   tag → when        what is claimed, by the server's clock      } moved there by one script:
//!   unacked         tag → message     and what it says                            } in no moment is it nowhere
//!   celery-task-meta-<id>             a result, also published under that name
//!   celery-taskset-meta-<group>.j …   the count of a chord
//!   <queue>.dead                      dead letters, newest first
//! ```
//!
//! The last one, `locksmith.redeliveries`, `locksmith.revoked` and `locksmith.claim.*` (what a
//! claim has claimed, in case its answer is lost) are this crate's own; Celery's workers do not
//! look at them. The others are shared with them, so both kinds of workers take from one queue and
//! restore each other's claims.
//!
//! **Better than Celery where it loses work.** A claim is one script, not a pop and then a note. A
//! living worker refreshes it, so a task may run longer than the visibility timeout. Every worker
//! sweeps twice a second, and gives back each message by a script that compares first; so a dying
//! sweeper leaves no lock. All times are the server's, so a worker's clock may be wrong.
//!
//! | file                | idea                                                  |
//! | ------------------- | ----------------------------------------------------- |
//! | `redis/pool.rs`     | connections, and patience with a server that is away  |
//! | `redis/attempts.rs` | claims whose answer was lost                          |
//! | `redis/scripts.rs`  | what must be one step                                 |
//! | `redis/broker.rs`   | tasks                                                 |
//! | `redis/results.rs`  | results and chords                                    |
//! | `redis/control.rs`  | commands and events                                   |

mod attempts;
mod broker;
mod control;
mod pool;
mod results;
mod scripts;

use std::fmt;
use std::time::Duration;

use self::attempts::Attempts;
use self::pool::Pool;
use crate::error::Error;

/// kombu's separator, between a queue's name and its step of urgency.
const SEPARATOR: &str = "\x06\x16";

/// Celery's default.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(3600);

/// A day, as in Celery.
const RESULT_EXPIRES: Duration = Duration::from_secs(86_400);

/// How long a call waits for an unreachable server.
const PATIENCE: Duration = Duration::from_secs(5);

/// A Redis server that keeps tasks and results.
///
/// Each call uses a connection from a pool, for one round trip; a wait for a result keeps one for
/// as long as it waits.
///
/// ```no_run
/// use tasks::{App, Redis};
///
/// let app = App::new(Redis::open("redis://127.0.0.1:6379/0")?);
/// # Ok::<(), tasks::Error>(())
/// ```
pub struct Redis {
    pool: Pool,
    attempts: Attempts,
    db: i64,
    visibility_timeout: Duration,
    result_expires: Duration,
}

impl Redis {
    /// Connects: `redis://[:password@]host[:port][/database]`.
    ///
    /// # Errors
    ///
    /// If the address is not valid, or the server refuses or does not answer within 5 s.
    pub fn open(url: &str) -> Result<Self, Error> {
        let pool = Pool::open(url, PATIENCE)?;
        let db = pool::database(url);
        pool.run(|connection| redis::cmd("PING").query::<String>(connection))?;
        Ok(Self {
            pool,
            attempts: Attempts::new(),
            db,
            visibility_timeout: VISIBILITY_TIMEOUT,
            result_expires: RESULT_EXPIRES,
        })
    }

    /// Another handle of the same server, with its own connections.
    fn again(&self) -> Self {
        Self { pool: self.pool.again(), attempts: Attempts::new(), ..*self }
    }

    /// Sets after how long a worker that does not refresh its claims counts as dead; the default is
    /// an hour, as in Celery. Its tasks come back within this time and one second. All workers of a
    /// queue should have the same value. Celery's workers do not refresh, so with them it must be
    /// longer than their longest task.
    ///
    /// # Errors
    ///
    /// If it is shorter than a second: a swapping machine would count as dead.
    pub fn visibility_timeout(mut self, time: Duration) -> Result<Self, Error> {
        if time < Duration::from_secs(1) {
            return Err(Error::Setting(format!(
                "a visibility timeout is 1 s or more, not {time:?}"
            )));
        }
        self.visibility_timeout = time;
        Ok(self)
    }

    /// Sets how long results are kept; the default is a day.
    #[must_use]
    pub fn result_expires(mut self, time: Duration) -> Self {
        self.result_expires = time;
        self
    }

    /// Sets how long a call waits for an unreachable server before it returns an error; the default
    /// is 5 s.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.pool.set_patience(time);
        self
    }
}

/// The server's address, without a password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.pool.name()).finish()
    }
}
