//! Connections, and retries for an unreachable server.

use std::time::{Duration, Instant};

use primitives::Lock;
use redis::{Client, Connection, ErrorKind, RedisError, RedisResult, ServerErrorKind};

use crate::error::Error;
use crate::options::RetryPolicy;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer may take: as long as the patience, within these. Longer than the longest wait
/// that a command asks for; and no longer where the patience is for a restart of the server.
const ANSWER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// More idle connections than this are closed.
const IDLE: usize = 32;

pub(super) struct Pool {
    client: Client,
    name: String,
    patience: Duration,
    idle: Lock<Vec<Connection>>,
}

/// The database in an address; 0 if it names none.
pub(super) fn database(url: &str) -> i64 {
    let path = url.split('?').next().unwrap_or_default().rsplit('/').next();
    path.and_then(|database| database.parse().ok()).unwrap_or(0)
}

impl Pool {
    pub(super) fn open(url: &str, patience: Duration) -> Result<Self, Error> {
        let name = without_password(url);
        let client = Client::open(url).map_err(|error| {
            Error::Broker(format!(
                "{name:?} is not the address of a Redis server, write redis://host:6379/0: {error}"
            ))
        })?;
        Ok(Self { client, name, patience, idle: Lock::default() })
    }

    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
        self.idle.get_mut().clear(); // they wait for the old time
    }

    /// How long an answer may take.
    pub(super) fn answer(&self) -> Duration {
        self.patience.clamp(ANSWER[0], ANSWER[1])
    }

    /// Another pool for the same server.
    pub(super) fn again(&self) -> Self {
        let (client, name) = (self.client.clone(), self.name.clone());
        Self { client, name, patience: self.patience, idle: Lock::default() }
    }

    /// The address, without a password.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A connection that is not used.
    pub(super) fn take(&self) -> RedisResult<Connection> {
        if let Some(connection) = self.idle.lock().pop() {
            return Ok(connection);
        }
        let connection = self.client.get_connection_with_timeout(CONNECT)?;
        connection.set_read_timeout(Some(self.answer()))?;
        connection.set_write_timeout(Some(self.answer()))?;
        Ok(connection)
    }

    /// It is no longer used.
    pub(super) fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    /// Asks the server, repeatedly while it is unreachable, until the patience ends.
    ///
    /// If a connection breaks between request and answer, it is unknown whether the server has
    /// acted. Then it is asked again: a message may be there twice, and is never lost.
    pub(super) fn run<T>(
        &self,
        mut ask: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + self.patience;
        let back_off = RetryPolicy::new()
            .first(Duration::from_millis(20))
            .most(Duration::from_millis(500))
            .jitter(true);
        for tries in 0.. {
            let answer = self.take().and_then(|mut connection| {
                let answer = ask(&mut connection)?;
                self.put_back(connection);
                Ok(answer)
            });
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if is_away(&error) && Instant::now() < deadline => {
                    // Idle connections are probably broken too.
                    self.idle.lock().clear();
                    primitives::threads::sleep(back_off.delay(tries));
                }
                Err(error) => return Err(self.error(&error)),
            }
        }
        unreachable!("the loop ends by a return")
    }

    pub(super) fn error(&self, error: &RedisError) -> Error {
        if error.is_timeout() {
            return Error::broker(&self.name, "the server is there, and no answer comes from it");
        }
        Error::broker(&self.name, error)
    }
}

/// Whether it may answer later: it is unreachable, or is still loading its file.
fn is_away(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || error.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading)
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(database("redis://h:1/3"), 3);
        assert_eq!(database("redis://h:1/3?x=/7"), 3);
        assert_eq!(database("redis://h"), 0);
        assert_eq!(without_password("redis://:secret@h:1/0"), "redis://h:1/0");
        assert_eq!(without_password("redis://h"), "redis://h");
        let wrong = Pool::open("http://h", PATIENCE_IN_TESTS).map(|_| ()).unwrap_err();
        assert!(wrong.to_string().contains("redis://host"), "{wrong}");
    }

    const PATIENCE_IN_TESTS: Duration = Duration::ZERO;
}
