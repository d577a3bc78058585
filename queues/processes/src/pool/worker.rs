//! A worker: reads calls, runs them one after the other, and writes the results.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::sync::spin;
use primitives::threads;
use serde::{Deserialize, Serialize};

use super::bell::PoolBell;
use super::channel::{Channel, Header, INLINE, kind};
use super::stream::{Reader, Writer};
use super::wire::{Socket, put_together, receive_fds, send_fds};
use crate::control::{self, Said};
use crate::function::{self, NotRun, Packed, Registered};

/// The settings that a worker gets at its start.
#[derive(Serialize, Deserialize)]
pub(super) struct Equipment {
    pub(super) channel: Channel,
    pub(super) socket: Socket,
    pub(super) bell: PoolBell,
    /// The name of a function and its arguments, as bytes.
    pub(super) initializer: Option<(String, Vec<u8>)>,
}

crate::function! {
    /// Works until it is told to end. Each process of a pool runs this.
    pub(super) fn work(equipment: Equipment) {
        Worker::new(equipment).work();
    }
}

struct Worker {
    channel: Arc<Channel>,
    calls: Reader,
    answers: Writer,
    socket: OwnedFd,
    bell: PoolBell,
    initializer: Option<(String, Vec<u8>)>,
}

impl Worker {
    fn new(equipment: Equipment) -> Self {
        let channel = Arc::new(equipment.channel);
        let (calls, answers) = channel.worker_ends();
        Self {
            channel,
            calls,
            answers,
            socket: equipment.socket.0,
            bell: equipment.bell,
            initializer: equipment.initializer,
        }
    }

    fn work(mut self) {
        if let Some((name, arguments)) = self.initializer.take() {
            let made = match function::find(&name) {
                Some(function) => call(function, Packed { bytes: arguments, fds: Vec::new() }),
                None => Err(Said::UnknownFunction),
            };
            if let Err(said) = made {
                self.say(0, &said, Duration::ZERO);
                return;
            }
        }
        self.answer(Header { kind: kind::READY, ..Header::default() }, &[]);
        let functions = function::in_order();
        let mut bytes = Vec::new();
        loop {
            let header = self.next();
            if header.kind == kind::END {
                return;
            }
            bytes.resize(header.len as usize, 0);
            self.calls.read(&mut bytes);
            self.calls.give_back(&self.channel.body().calls);
            let begun = self.channel.slots().begin(header.number);
            let Ok(packed) = self.unload(&header, std::mem::take(&mut bytes)) else { return };
            if !begun {
                continue;
            }
            let started = Instant::now();
            let result = match functions.get(header.detail as usize) {
                Some(function) => call(function, packed),
                None => Err(Said::UnknownFunction),
            };
            let took = started.elapsed();
            match result {
                Ok(packed) => self.returned(header.number, packed, took),
                Err(said) => self.say(header.number, &said, took),
            }
        }
    }

    /// The next message's header; sleeps until there is one.
    fn next(&mut self) -> Header {
        let len = size_of::<Header>();
        let channel = Arc::clone(&self.channel);
        let body = channel.body();
        if !self.calls.has(&body.calls, len) && !spin::watch(|| body.calls.has_bytes()) {
            while !self.calls.has(&body.calls, len) {
                // Alone: if the pool's process is killed, this one is too.
                let seen = body.worker.prepare();
                if !self.calls.has(&body.calls, len) {
                    body.worker.sleep_alone(seen, None);
                }
            }
        }
        assert!(
            self.calls.has(&body.calls, len),
            "there are bytes, and messages are published whole"
        );
        let mut header = Header::default();
        self.calls.read(bytemuck::bytes_of_mut(&mut header));
        header
    }

    fn unload(&self, header: &Header, bytes: Vec<u8>) -> io::Result<Packed> {
        if header.fds == 0 {
            return Ok(Packed { bytes, fds: Vec::new() });
        }
        put_together(receive_fds(self.socket.as_fd())?, bytes)
    }

    fn returned(&mut self, number: u64, packed: Packed, took: Duration) {
        let mut header =
            Header { number, kind: kind::PLAIN, detail: nanoseconds(took), ..Header::default() };
        if packed.bytes.len() <= INLINE && packed.fds.is_empty() {
            return self.answer(header, &packed.bytes);
        }
        match send_fds(self.socket.as_fd(), packed) {
            Ok(bytes) => {
                header.fds = 1;
                self.answer(header, &bytes);
            }
            Err(error) => self.say(number, &Said::BadOutput(error.to_string()), took),
        }
    }

    fn say(&mut self, number: u64, said: &Said, took: Duration) {
        let bytes = postcard::to_stdvec(said).expect("it is plain");
        // For a very long message, the place and the beginning are enough.
        let bytes = if bytes.len() <= INLINE { bytes } else { too_long(said) };
        self.answer(
            Header { number, kind: kind::SAID, detail: nanoseconds(took), ..Header::default() },
            &bytes,
        );
    }

    /// Writes a message; sleeps while there is no room.
    fn answer(&mut self, mut header: Header, bytes: &[u8]) {
        header.len = bytes.len() as u32;
        let len = size_of::<Header>() + header.len as usize;
        let channel = Arc::clone(&self.channel);
        let body = channel.body();
        while !self.answers.has_room(&body.answers, len) {
            let seen = body.room.prepare();
            if !self.answers.has_room(&body.answers, len) {
                body.room.sleep_alone(seen, None);
            }
        }
        self.answers.write(bytemuck::bytes_of(&header));
        self.answers.write(bytes);
        self.answers.publish(&body.answers);
        self.bell.ring();
    }
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

fn too_long(said: &Said) -> Vec<u8> {
    let cut = |text: &str| text.chars().take(2000).chain(['…']).collect::<String>();
    let said = match said {
        Said::Panicked { thread, message, location } => Said::Panicked {
            thread: cut(thread),
            message: cut(message),
            location: location.clone(),
        },
        Said::BadArguments(text) => Said::BadArguments(cut(text)),
        Said::BadOutput(text) => Said::BadOutput(cut(text)),
        Said::Hello | Said::Returned(_) | Said::UnknownFunction => {
            Said::BadOutput("too long".into())
        }
    };
    postcard::to_stdvec(&said).expect("it is plain")
}

/// Calls a function; the worker survives a panic in it.
fn call(function: &Registered, packed: Packed) -> Result<Packed, Said> {
    match threads::catch_panic(AssertUnwindSafe(|| (function.run)(packed))) {
        Ok(Ok(packed)) => Ok(packed),
        Ok(Err(NotRun::Arguments(error))) => Err(Said::BadArguments(error)),
        Ok(Err(NotRun::Output(error))) => Err(Said::BadOutput(error)),
        Err(panic) => Err(control::panicked(&panic)),
    }
}
