//! What a server of queues can keep beside queues of tasks: small things, each in a queue that no
//! worker consumes.
//!
//! | what                     | as                                                                    |
//! | ------------------------ | --------------------------------------------------------------------- |
//! | a note                   | a queue of length 1: the newest message is the note                   |
//! | a leader                 | an exclusive queue, which only one connection can declare             |
//! | dead letters             | `<queue>.dead`, with the newest 10,000                                |
//! | the ids of revoked tasks | `locksmith.revoked`, each for a day                                   |

use std::time::Duration;

use lapin::ErrorKind;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::server::Server;
use super::wire;
use crate::error::Error;

/// The longest name that the protocol can carry.
const LONGEST: usize = 255;

/// A name for the protocol; what is too long is cut.
pub(super) fn short(text: &str) -> ShortString {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].into()
}

/// Whether the server refused for this reason.
fn is_refused(error: &lapin::Error, why: AMQPSoftError) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(e) if *e.kind() == AMQPErrorKind::Soft(why))
}

/// A queue that keeps the newest messages, for a time.
pub(super) struct Shelf {
    pub(super) name: String,
    pub(super) most: usize,
    pub(super) time: Option<Duration>,
}

impl Shelf {
    fn arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(self.most as i64));
        if let Some(time) = self.time {
            arguments.insert("x-message-ttl".into(), milliseconds(time));
        }
        arguments
    }

    /// Adds messages, the last one as the newest.
    pub(super) fn put(&self, server: &Server, bodies: &[Vec<u8>]) -> Result<(), Error> {
        let name = short(&self.name);
        server.run(|link| {
            server.wait(async {
                let channel = link.channel().await?;
                let (durable, arguments) = (QueueDeclareOptions::durable(), self.arguments());
                channel.queue_declare(name.clone(), durable, arguments).await?;
                let mut confirms = Vec::new();
                for body in bodies {
                    let to = (name.clone(), BasicPublishOptions::default());
                    let sent =
                        link.publisher.basic_publish("".into(), to.0, to.1, body, wire::kept());
                    confirms.push(sent.await?);
                }
                for confirm in confirms {
                    confirm.await?;
                }
                channel.close(200, "".into()).await
            })
        })
    }

    /// Reads all, oldest first, and leaves them there. Meanwhile no other reader sees them.
    pub(super) fn all(&self, server: &Server) -> Result<Vec<Vec<u8>>, Error> {
        let name = short(&self.name);
        server.run(|link| {
            server.wait(async {
                let channel = link.channel().await?;
                let (durable, arguments) = (QueueDeclareOptions::durable(), self.arguments());
                channel.queue_declare(name.clone(), durable, arguments).await?;
                let mut bodies = Vec::new();
                let get = || channel.basic_get(name.clone(), BasicGetOptions::default());
                while let Some(message) = get().await? {
                    bodies.push(message.delivery.data);
                }
                channel.close(200, "".into()).await?; // and all go back
                Ok(bodies)
            })
        })
    }
}

/// Declares a queue that only this connection can have, or renews it. It is gone with the
/// connection, and when it was not renewed for so long. Returns whether this connection has it.
pub(super) fn own(server: &Server, name: &str, time: Duration) -> Result<bool, Error> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), milliseconds(time));
    server.run(|link| {
        let declared = server.wait(async {
            let channel = link.channel().await?;
            let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
            channel.queue_declare(short(name), exclusive, arguments.clone()).await?;
            channel.close(200, "".into()).await
        });
        match declared {
            Ok(()) => Ok(true),
            Err(error) if is_refused(&error, AMQPSoftError::RESOURCELOCKED) => Ok(false),
            Err(error) => Err(error),
        }
    })
}

/// Deletes it.
pub(super) fn disown(server: &Server, name: &str) -> Result<(), Error> {
    server.run(|link| {
        server.wait(async {
            let channel = link.channel().await?;
            // A queue that is gone counts as deleted.
            channel.queue_delete(short(name), QueueDeleteOptions::default()).await?;
            channel.close(200, "".into()).await
        })
    })
}

pub(super) fn milliseconds(time: Duration) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_letters() {
        assert_eq!(short("a").as_str(), "a");
        let long = "ä".repeat(200);
        assert_eq!(short(&long).as_str(), "ä".repeat(127));
    }
}
