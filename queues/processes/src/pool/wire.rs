//! What does not go through a stream: file descriptors, and arguments or results that are too many
//! bytes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::control::{self, Payload};
use crate::function::Packed;
use crate::handover;

/// A socket among the arguments of a process.
pub(super) struct Socket(pub(super) OwnedFd);

impl Serialize for Socket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        handover::give(self.0.as_fd(), serializer)
    }
}

impl<'de> Deserialize<'de> for Socket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        handover::take(deserializer).map(Self)
    }
}

/// Sends the descriptors of a message; one of them has its bytes if they are many. Returns the
/// bytes that go into the stream.
pub(super) fn send_fds(socket: BorrowedFd<'_>, packed: Packed) -> io::Result<Vec<u8>> {
    let (payload, fds) = control::load(packed)?;
    let (file, bytes) = match payload {
        Payload::File(len) => (Some(len), Vec::new()),
        Payload::Inline(bytes) => (None, bytes),
    };
    control::send(socket, &file, &fds)?;
    Ok(bytes)
}

pub(super) fn receive_fds(socket: BorrowedFd<'_>) -> io::Result<(Option<u64>, Vec<OwnedFd>)> {
    control::receive(socket, true)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

pub(super) fn put_together(
    (file, fds): (Option<u64>, Vec<OwnedFd>),
    bytes: Vec<u8>,
) -> io::Result<Packed> {
    control::unload(file.map_or(Payload::Inline(bytes), Payload::File), fds)
}
