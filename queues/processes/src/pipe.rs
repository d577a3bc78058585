//! A pipe: messages from one process to another, and back.
//!
//! A socket with two ends. A message is its length and its bytes, without a limit; file descriptors
//! of shared objects travel with the first byte. If the time runs out, the received part of a
//! message is kept for the next call: **a timeout covers the whole message, and loses none of it**.
//! (Python's covers the first byte. After that it waits without end.)
//!
//! An end that is passed to a process is then only in that process, because the arguments of a
//! process are moved. So when the process ends, its end is closed, and the other end learns of it.

use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use primitives::Lock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::control::{self, MOST_FDS};
use crate::function::Packed;
use crate::futex::{self, Deadline};
use crate::handover;

/// The length, and the number of descriptors, in front of each message.
const HEADER: usize = 12;

/// Makes a pipe: each end sends what the other receives. Costs about 5 µs and two file descriptors.
///
/// For one direction, give the other the type [`Never`].
///
/// _Python_: `multiprocessing.Pipe()`.
///
/// # Errors
///
/// What the system says: no file descriptor is left.
///
/// ```
/// let (here, there) = processes::pipe::<String, usize>()?;
/// here.send(&"four".to_owned())?;
/// assert_eq!(there.recv()?, "four");
/// there.send(&4)?;
/// assert_eq!(here.recv()?, 4);
/// drop(there);
/// assert!(matches!(here.recv(), Err(processes::PipeError::Closed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "Pipe")]
pub fn pipe<A, B>() -> io::Result<(Connection<A, B>, Connection<B, A>)> {
    let (one, other) = control::pair(libc::SOCK_STREAM)?;
    Ok((Connection::new(one), Connection::new(other)))
}

/// A type without values, for a direction of a pipe that is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

/// An end of a [`pipe`], which sends `S` and receives `R`. Several threads may use it; a message is
/// always whole.
pub struct Connection<S, R> {
    socket: OwnedFd,
    /// One message at a time.
    sending: Lock<()>,
    /// The part of the current message that has been received.
    received: Lock<Received>,
    types: PhantomData<fn(S) -> R>,
}

#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    fds: Vec<OwnedFd>,
}

/// A message was not sent, or not received.
#[derive(Debug)]
#[non_exhaustive]
pub enum PipeError {
    /// The other end is closed: it was dropped, or its process has ended.
    Closed,
    /// The time ran out before a whole message came. The received part is kept.
    Timeout,
    /// The value cannot be written as bytes, or the bytes are not a value of this type. The message
    /// is lost.
    Message(String),
    /// The system refused.
    Io(io::Error),
}

impl fmt::Display for PipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the other end of the pipe is closed"),
            Self::Timeout => f.write_str("no whole message came until the time was up"),
            Self::Message(error) => write!(f, "not a message of this pipe: {error}"),
            Self::Io(error) => write!(f, "the pipe failed: {error}"),
        }
    }
}

impl Error for PipeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for PipeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

impl<S, R> Connection<S, R> {
    fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            sending: Lock::new(()),
            received: Lock::new(Received::default()),
            types: PhantomData,
        }
    }
}

impl<S: Serialize, R> Connection<S, R> {
    /// Sends a message. Blocks while the other end does not read: the system buffers about 200 KB.
    ///
    /// # Errors
    ///
    /// See [`PipeError`].
    pub fn send(&self, message: &S) -> Result<(), PipeError> {
        let Packed { bytes, fds } =
            Packed::new(message).map_err(|error| PipeError::Message(error.to_string()))?;
        if fds.len() > MOST_FDS {
            return Err(PipeError::Message(format!(
                "more than {MOST_FDS} shared things in a message"
            )));
        }
        let mut whole = Vec::with_capacity(HEADER + bytes.len());
        whole.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        whole.extend_from_slice(&(fds.len() as u32).to_le_bytes());
        whole.extend_from_slice(&bytes);
        let _one_at_a_time = self.sending.lock();
        let mut sent = control::send_bytes(self.socket.as_fd(), &whole, &fds)?;
        while sent < whole.len() {
            sent += control::send_bytes(self.socket.as_fd(), &whole[sent..], &[])?;
        }
        Ok(())
    }
}

impl<S, R: DeserializeOwned> Connection<S, R> {
    /// Receives a message; blocks until there is one.
    ///
    /// # Errors
    ///
    /// See [`PipeError`].
    pub fn recv(&self) -> Result<R, PipeError> {
        self.receive(None)
    }

    /// Receives a message, if a whole one has arrived. Never blocks.
    ///
    /// # Errors
    ///
    /// [`PipeError::Timeout`] if there is none; see [`PipeError`].
    pub fn try_recv(&self) -> Result<R, PipeError> {
        self.receive(Some(Instant::now()))
    }

    /// Receives a message; blocks for at most `timeout`, until the whole message is there.
    ///
    /// # Errors
    ///
    /// See [`PipeError`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<R, PipeError> {
        self.receive(futex::after(timeout))
    }

    /// Whether a message or the end arrives within `timeout`.
    ///
    /// _Python_: `poll(timeout)`.
    #[must_use]
    pub fn poll(&self, timeout: Duration) -> bool {
        !self.received.lock().bytes.is_empty() || self.wait(futex::after(timeout))
    }

    fn receive(&self, deadline: Deadline) -> Result<R, PipeError> {
        let mut received = self.received.lock();
        let len = loop {
            // The whole header first, then the rest.
            let wanted = match received.bytes.first_chunk::<8>() {
                Some(len) if received.bytes.len() >= HEADER => {
                    HEADER + u64::from_le_bytes(*len) as usize
                }
                _ => HEADER,
            };
            if (wanted > HEADER && received.bytes.len() >= wanted) || received.is_empty_message() {
                break wanted;
            }
            let missing = (wanted - received.bytes.len()).min(1 << 20);
            let begin = received.bytes.len();
            received.bytes.resize(begin + missing, 0);
            let came =
                control::receive_bytes(self.socket.as_fd(), &mut received.bytes[begin..], false);
            received.bytes.truncate(begin + came.as_ref().map_or(0, |came| came.0));
            match came {
                Ok((0, _)) => return Err(PipeError::Closed),
                Ok((_, fds)) => received.fds.extend(fds),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(deadline) {
                        return Err(PipeError::Timeout);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
        let Received { bytes, fds } = std::mem::take(&mut *received);
        drop(received);
        Packed { bytes: bytes[HEADER..len].to_vec(), fds }
            .open()
            .map_err(|error| PipeError::Message(error.to_string()))
    }

    /// Blocks until there is something to read. `false` if the time ran out.
    fn wait(&self, deadline: Deadline) -> bool {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // Rounded up, so that it never ends early.
            let milliseconds = left.map_or(-1, |left| {
                i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
            });
            let mut poll =
                libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid entry.
            let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
            if ready > 0 {
                return true;
            }
            if ready == 0 && futex::is_over(deadline) {
                return false;
            }
        }
    }
}

impl Received {
    /// Whether the header has arrived and announces an empty message.
    fn is_empty_message(&self) -> bool {
        self.bytes.len() == HEADER && self.bytes[..8] == [0; 8]
    }
}

impl<S, R> fmt::Debug for Connection<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("socket", &self.socket.as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<S, R> Serialize for Connection<S, R> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        handover::give(self.socket.as_fd(), serializer)
    }
}

impl<'de, S, R> Deserialize<'de> for Connection<S, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        handover::take(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::SharedLock;

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn messages_of_any_size_go_both_ways() {
        let (here, there) = pipe::<Vec<u8>, usize>().expect("there are file descriptors");
        thread::scope(|s| {
            s.spawn(move || {
                while let Ok(message) = there.recv() {
                    there.send(&message.len()).expect("it is open");
                }
            });
            for len in [0, 1, 1000, 10_000_000] {
                here.send(&vec![7; len]).expect("it is open");
                assert_eq!(here.recv().expect("it is open"), len);
            }
            drop(here);
        });
        let (here, there) = pipe::<(), ()>().expect("there are file descriptors");
        here.send(&()).expect("it is open");
        there.recv().expect("a message without a byte");
    }

    #[test]
    fn a_time_out_covers_the_whole_message_and_loses_none() {
        let (here, there) = pipe::<Never, String>().expect("there are file descriptors");
        assert!(matches!(here.recv_timeout(SHORT), Err(PipeError::Timeout)));
        assert!(matches!(here.try_recv(), Err(PipeError::Timeout)));
        assert!(!here.poll(SHORT));
        let (bytes, _) = handover::pack("slowly").expect("it is plain");
        let mut whole = [(bytes.len() as u64).to_le_bytes().as_slice(), &[0; 4]].concat();
        whole.extend(bytes);
        for part in whole.chunks(5) {
            assert!(matches!(here.recv_timeout(SHORT), Err(PipeError::Timeout)));
            control::send_bytes(there.socket.as_fd(), part, &[]).expect("it is open");
        }
        assert!(here.poll(SHORT));
        assert_eq!(here.recv_timeout(SHORT).expect("whole"), "slowly");
    }

    #[test]
    fn a_closed_end_is_an_error_at_the_other() {
        let (here, there) = pipe::<u8, u8>().expect("there are file descriptors");
        there.send(&1).expect("it is open");
        drop(there);
        assert_eq!(here.recv().expect("sent before"), 1);
        assert!(matches!(here.recv(), Err(PipeError::Closed)));
        assert!(matches!(here.send(&1), Err(PipeError::Closed)));
    }

    #[test]
    fn shared_things_travel_and_wrong_ones_are_refused() {
        let (here, there) = pipe::<SharedLock<u32>, Never>().expect("there are file descriptors");
        let lock = SharedLock::new(1).expect("there is memory");
        here.send(&lock).expect("it is open");
        *there.recv().expect("it is open").lock().expect("no owner dies") = 2;
        assert_eq!(*lock.lock().expect("no owner dies"), 2);
        let (here, there) = pipe::<u8, Never>().expect("there are file descriptors");
        here.send(&200).expect("it is open");
        let other: Connection<Never, String> = Connection::new(there.socket);
        assert!(matches!(other.recv(), Err(PipeError::Message(_))));
    }
}
