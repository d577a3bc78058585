//! One worker, as the crew sees it: its process, its two streams, and the calls that it has.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};

use primitives::Lock;

use super::bell::PoolBell;
use super::call::{Call, Told};
use super::channel::{Channel, Header, INLINE, kind};
use super::error::TaskError;
use super::slots::WINDOW;
use super::stream::{Reader, Writer};
use super::wire::{Socket, put_together, receive_fds, send_fds};
use super::worker::{Equipment, work};
use crate::control::{self, Said};
use crate::function::{Function, Packed};
use crate::process::{self, Child, Ended, StartError};

/// How much work a worker gets ahead, in ns: enough that it never waits for the pool, and so little
/// that all workers have some.
const AHEAD: u64 = 300_000;

/// A call that was sent, and its number.
pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) call: Call,
}

pub(super) struct Worker {
    pub(super) child: Arc<Child>,
    end: Arc<End>,
    pub(super) channel: Channel,
    writer: Writer,
    reader: Reader,
    socket: OwnedFd,
    /// The sent calls, in order.
    pub(super) sent: VecDeque<Sent>,
    pub(super) next: u64,
    /// The worker has called the initializer.
    pub(super) ready: bool,
    /// The worker was told to end, and gets no more calls.
    retired: bool,
    /// The average time of its last calls, in ns.
    takes: u64,
}

/// The keeper sets it, in its own thread.
#[derive(Default)]
struct End {
    has_come: AtomicBool,
    how: Lock<Option<(Option<ExitStatus>, bool)>>,
}

impl Worker {
    /// Starts its process.
    pub(super) fn start(
        name: &str,
        initializer: Option<(String, Vec<u8>)>,
        bell: PoolBell,
    ) -> Result<Self, StartError> {
        let channel = Channel::new().map_err(StartError::Io)?;
        let (ours, theirs) = control::pair(libc::SOCK_SEQPACKET).map_err(StartError::Io)?;
        let (writer, reader) = channel.pool_ends();
        let equipment =
            Equipment { channel, socket: Socket(theirs), bell: bell.clone(), initializer };
        let packed = Packed::new(&(&equipment,))
            .map_err(|error| StartError::Arguments(error.to_string()))?;
        let end = Arc::new(End::default());
        let noted = Arc::clone(&end);
        let on_end = move |ended: &Ended| {
            *noted.how.lock() = Some((ended.status, ended.has_greeted));
            // Release: pairs with the Acquire in `has_ended`.
            noted.has_come.store(true, Release);
            bell.ring_hard();
        };
        let child = process::spawn(name, work::NAME, packed, Some(Box::new(on_end)))?;
        Ok(Self {
            child,
            end,
            channel: equipment.channel,
            writer,
            reader,
            socket: ours,
            sent: VecDeque::new(),
            next: 0,
            ready: false,
            retired: false,
            takes: AHEAD,
        })
    }

    /// Whether its process has ended. Answers that are read after this are all that there will be.
    pub(super) fn has_ended(&self) -> bool {
        // Acquire: pairs with the Release in `start`.
        self.end.has_come.load(Acquire)
    }

    /// Its exit status, and whether it called `init`.
    pub(super) fn how_it_ended(&self) -> (Option<ExitStatus>, bool) {
        self.end.how.lock().take().unwrap_or((None, true))
    }

    /// Whether it should get one more call.
    pub(super) fn wants(&self, most: Option<u64>) -> bool {
        let ahead = (AHEAD / self.takes.max(1)).clamp(1, WINDOW as u64 - 1) as usize;
        // The word of a call is reused `WINDOW` calls later: the oldest pending call must still
        // have its own.
        let oldest = self.sent.front().map_or(self.next, |sent| sent.number);
        !self.retired
            && self.sent.len() <= ahead
            && self.next - oldest < WINDOW as u64 - 1
            && most.is_none_or(|most| self.next < most)
    }

    /// Writes a call; it is published later. An error without a reason means that there is no room
    /// now.
    pub(super) fn send(&mut self, call: Call) -> Result<(), (Call, Option<io::Error>)> {
        let Packed { bytes, fds } = &call.arguments;
        let body = self.channel.body();
        let inline = bytes.len() <= INLINE && fds.is_empty();
        let len = size_of::<Header>() + if inline { bytes.len() } else { 0 };
        // A file takes only the room of its header in the stream; its message has an empty payload.
        if !self.writer.has_room(&body.calls, len + INLINE) {
            return Err((call, None));
        }
        let mut header = Header {
            number: self.next,
            kind: kind::PLAIN,
            detail: call.function as u64,
            ..Header::default()
        };
        if inline {
            header.len = bytes.len() as u32;
            self.channel.slots().queue(self.next);
            self.writer.write(bytemuck::bytes_of(&header));
            self.writer.write(bytes);
        } else {
            let copy = match call.arguments.copy() {
                Ok(copy) => copy,
                Err(error) => return Err((call, Some(error))),
            };
            let bytes = match send_fds(self.socket.as_fd(), copy) {
                Ok(bytes) => bytes,
                Err(error) => return Err((call, Some(error))),
            };
            (header.len, header.fds) = (bytes.len() as u32, 1);
            self.channel.slots().queue(self.next);
            self.writer.write(bytemuck::bytes_of(&header));
            self.writer.write(&bytes);
        }
        self.sent.push_back(Sent { number: self.next, call });
        self.next += 1;
        Ok(())
    }

    /// Publishes what was written, and wakes the worker if it sleeps.
    pub(super) fn publish(&self) {
        let body = self.channel.body();
        self.writer.publish(&body.calls);
        body.worker.ring();
    }

    /// Tells it to end.
    pub(super) fn retire(&mut self) {
        if !self.retired && self.writer.has_room(&self.channel.body().calls, size_of::<Header>()) {
            self.retired = true;
            let header = Header { number: self.next, kind: kind::END, ..Header::default() };
            self.writer.write(bytemuck::bytes_of(&header));
            self.publish();
        }
    }

    /// The last call that it has not begun.
    pub(super) fn give_back(&mut self) -> Option<Call> {
        self.take_back(self.sent.len().checked_sub(1)?)
    }

    /// Takes a call back, unless the worker has begun it.
    pub(super) fn take_back(&mut self, place: usize) -> Option<Call> {
        if !self.channel.slots().withdraw(self.sent[place].number) {
            return None;
        }
        // It stays in the stream, where the worker skips it.
        self.sent.remove(place).map(|sent| sent.call)
    }

    /// Reads the worker's answers. Returns whether there were any; an error breaks the pool.
    pub(super) fn read(&mut self, told: &mut Vec<Told>) -> Result<bool, String> {
        let mut any = false;
        let len = size_of::<Header>();
        while self.reader.has(&self.channel.body().answers, len) {
            any = true;
            let mut header = Header::default();
            self.reader.read(bytemuck::bytes_of_mut(&mut header));
            let mut bytes = vec![0; header.len as usize];
            self.reader.read(&mut bytes);
            if header.kind == kind::READY {
                self.ready = true;
                continue;
            }
            if !self.ready {
                let said = postcard::from_bytes(&bytes).unwrap_or(Said::UnknownFunction);
                return Err(format!("the initializer failed: {}", TaskError::from_said(said)));
            }
            self.takes = (self.takes * 7 + header.detail) / 8;
            let result = match header.kind {
                kind::PLAIN if header.fds == 0 => Ok(Packed { bytes, fds: Vec::new() }),
                kind::PLAIN => receive_fds(self.socket.as_fd())
                    .and_then(|came| put_together(came, bytes))
                    .map_err(|error| TaskError::Output(error.to_string())),
                _ => Err(match postcard::from_bytes(&bytes) {
                    Ok(said) => TaskError::from_said(said),
                    Err(error) => TaskError::Output(error.to_string()),
                }),
            };
            // A call that `terminate` has cancelled has no recipient any more.
            if self.sent.front().is_some_and(|sent| sent.number == header.number)
                && let Some(sent) = self.sent.pop_front()
            {
                told.push(sent.call.told(result));
            }
        }
        if any {
            self.reader.give_back(&self.channel.body().answers);
            self.channel.body().room.ring();
        }
        Ok(any)
    }
}
