//! One connection, and patience with a server that is away.
//!
//! The client library is asynchronous. It runs on a runtime of its own with one thread; every call
//! here blocks the caller until the server has answered.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::time::{Duration, Instant};

use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use primitives::Lock;
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::options::RetryPolicy;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How long closing a connection may take. What was acknowledged is sent before.
const CLOSE: Duration = Duration::from_secs(1);

pub(super) struct Server {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    uri: AMQPUri,
    name: String,
    patience: Lock<Duration>,
    /// 0 for none.
    max_priority: AtomicU8,
    link: Lock<Option<Arc<Link>>>,
    links: AtomicU64,
}

/// A connection, and what goes over all of it.
pub(super) struct Link {
    /// Two links never have the same number.
    pub(super) number: u64,
    connection: Connection,
    /// Confirms what is published.
    pub(super) publisher: Channel,
    declared: Lock<HashSet<String>>,
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        self.connection.status().connected() && self.publisher.status().connected()
    }

    /// A channel for a call that the server may refuse: a refusal closes the channel.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Whether a queue exists as far as this link knows.
    pub(super) fn is_declared(&self, queue: &str) -> bool {
        self.declared.lock().contains(queue)
    }

    pub(super) fn forget(&self, queue: &str) {
        self.declared.lock().remove(queue);
    }
}

impl Server {
    pub(super) fn new(url: &str, patience: Duration) -> Result<Self, Error> {
        let name = without_password(url);
        let uri = url.parse::<AMQPUri>().map_err(|error| {
            Error::Broker(format!(
                "{name:?} is not the address of a RabbitMQ server, write \
                 amqp://user:password@host:5672/%2f: {error}"
            ))
        })?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("amqp")
            .enable_all()
            .build()
            .map_err(|error| Error::Setting(format!("no thread for the connection: {error}")))?;
        Ok(Self {
            runtime: Some(runtime),
            uri,
            name,
            patience: Lock::new(patience),
            max_priority: AtomicU8::new(0),
            link: Lock::default(),
            links: AtomicU64::new(0),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn set_patience(&self, patience: Duration) {
        *self.patience.lock() = patience;
    }

    pub(super) fn set_max_priority(&self, steps: u8) {
        self.max_priority.store(steps, Relaxed); // Relaxed: set before the first call
    }

    /// The runtime, to wait for what the library does.
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the drop")
    }

    /// Waits for an answer, but not without end.
    pub(super) fn wait<T>(
        &self,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> lapin::Result<T> {
        self.runtime().block_on(async {
            let late = || std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
            tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(|_| Err(late().into()))
        })
    }

    /// Runs beside the calls, until its end or that of this value.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime().spawn(work);
    }

    /// The connection; a new one if the last has broken. Does not try twice.
    fn link_once(&self) -> lapin::Result<Arc<Link>> {
        let mut link = self.link.lock();
        if let Some(link) = link.as_ref().filter(|link| link.is_up()) {
            return Ok(Arc::clone(link));
        }
        *link = None;
        let number = self.links.fetch_add(1, Relaxed); // Relaxed: only that no two are the same
        let new = self.wait(async {
            let properties =
                ConnectionProperties::default().with_connection_name("locksmith".into());
            let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
            let publisher = connection.create_channel().await?;
            publisher.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Link { number, connection, publisher, declared: Lock::default() })
        })?;
        Ok(Arc::clone(link.insert(Arc::new(new))))
    }

    pub(super) fn link(&self) -> Result<Arc<Link>, Error> {
        self.run(|link| Ok(Arc::clone(link)))
    }

    /// Whether this is still the connection.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.link.lock().as_ref().is_some_and(|link| link.number == number && link.is_up())
    }

    /// Asks the server, repeatedly while it is unreachable, until the patience ends.
    ///
    /// If the connection breaks between question and answer, it is unknown whether the server has
    /// acted. Then it is asked again: a message may be there twice, and is never lost.
    pub(super) fn run<T>(
        &self,
        mut ask: impl FnMut(&Arc<Link>) -> lapin::Result<T>,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + *self.patience.lock();
        let back_off = RetryPolicy::new()
            .first(Duration::from_millis(20))
            .most(Duration::from_millis(500))
            .jitter(true);
        for tries in 0.. {
            let error = match self.link_once().and_then(|link| ask(&link)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !is_away(&error) || Instant::now() >= deadline {
                return Err(self.error(&error));
            }
            if is_spent(&error) {
                self.renew();
            }
            primitives::threads::sleep(back_off.delay(tries));
        }
        unreachable!("the loop ends by a return")
    }

    /// Gives the connection up. It is closed, or the server would keep what it has delivered over
    /// it to consumers that no claim empties any more.
    fn renew(&self) {
        let Some(link) = self.link.lock().take() else { return };
        self.runtime().spawn(async move {
            let close = link.connection.close(200, "renewed".into());
            let _ = tokio::time::timeout(CLOSE, close).await; // a mute server notices by itself
        });
    }

    pub(super) fn error(&self, error: &lapin::Error) -> Error {
        Error::broker(&self.name, error)
    }

    /// Declares a queue for tasks as Celery does, once for each link.
    pub(super) async fn declare(&self, link: &Link, queue: &str) -> lapin::Result<()> {
        if link.is_declared(queue) {
            return Ok(());
        }
        let mut arguments = FieldTable::default();
        let steps = self.max_priority.load(Relaxed); // Relaxed: as above
        if steps > 0 {
            arguments.insert("x-max-priority".into(), AMQPValue::LongInt(steps.into()));
        }
        let channel = link.channel().await?;
        channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await?;
        link.declared.lock().insert(queue.to_owned());
        channel.close(200, "".into()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if let Some(link) = self.link.lock().take().filter(|link| link.is_up()) {
            let close = link.connection.close(200, "the program ends".into());
            // A server that does not answer notices by itself.
            let _ = runtime.block_on(async { tokio::time::timeout(CLOSE, close).await });
        }
        runtime.shutdown_background();
    }
}

/// Whether it may answer later.
fn is_away(error: &lapin::Error) -> bool {
    error.is_io_error()
        || error.is_amqp_hard_error()
        || matches!(
            error.kind(),
            ErrorKind::InvalidConnectionState(_)
                | ErrorKind::InvalidChannelState(..)
                | ErrorKind::MissingHeartbeatError
                | ErrorKind::ChannelsLimitReached
        )
}

/// Whether the connection is up and useless: mute, or without another channel. The library loses
/// some of the channels that a refusal has closed.
fn is_spent(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::IOError(error) => error.kind() == std::io::ErrorKind::TimedOut,
        ErrorKind::ChannelsLimitReached => true,
        _ => false,
    }
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
    fn a_wrong_address_is_named_without_its_password() {
        let refused = |url: &str| Server::new(url, Duration::ZERO).map(drop).unwrap_err();
        let error = refused("http://me:secret@h").to_string();
        assert!(error.contains("http://h") && error.contains("amqp://user"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
