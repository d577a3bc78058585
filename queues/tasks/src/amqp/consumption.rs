//! What the server has delivered and no claim has taken.
//!
//! One channel for each set of queues. Its consumers fill a buffer, as far as the prefetch count
//! allows; claims empty it. When a worker ends, the consumers are cancelled and the buffer goes
//! back to the server; the next claim starts them again.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_core::Stream;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use primitives::{Condition, Lock};

use super::server::{Link, Server};
use crate::broker::Receipt;
use crate::error::Error;

/// How long the end of a cancelled consumer may take to come.
const END: Duration = Duration::from_secs(1);

/// A delivery and its queue.
pub(super) type Delivered = (Arc<str>, Delivery);

/// All consumptions of the program.
#[derive(Default)]
pub(super) struct Consumptions {
    /// In order of their start. One that has ended stays until its link is gone, because what was
    /// claimed from it is acknowledged there.
    all: Lock<Vec<Arc<Consumption>>>,
    /// Held while one is made.
    making: Lock<()>,
    numbers: AtomicU64,
}

pub(super) struct Consumption {
    /// Two consumptions never have the same number, not even over two links.
    pub(super) number: u64,
    link: Arc<Link>,
    channel: Channel,
    queues: Box<[Arc<str>]>,
    /// Held while the server is asked for more or less.
    demand: Lock<Demand>,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Demand {
    prefetch: u16,
    /// The consumers' names at the server.
    consumers: Vec<ShortString>,
}

#[derive(Default)]
struct Inbox {
    state: Lock<State>,
    arrived: Condition,
}

#[derive(Default)]
struct State {
    buffered: VecDeque<Delivered>,
    /// How many were claimed and are neither acknowledged nor back.
    claimed: usize,
    /// Counts calls of `wake`.
    woken: u64,
    /// The consumers are being cancelled by this program, and how many have ended.
    pausing: bool,
    paused: usize,
    /// The server has ended a consumer, or the channel is broken.
    ended: bool,
}

impl Consumptions {
    /// Takes up to `max` deliveries; waits for the first one until the deadline.
    pub(super) fn claim(
        &self,
        server: &Server,
        queues: &[Arc<str>],
        max: usize,
        deadline: Option<Instant>,
    ) -> Result<(u64, Vec<Delivered>), Error> {
        let consumption = self.of(server, queues)?;
        let woken = consumption.inbox.state.lock().woken;
        consumption.ask_for(server, max).map_err(|error| {
            consumption.inbox.state.lock().ended = true;
            server.error(&error)
        })?;
        Ok((consumption.number, consumption.inbox.take(queues, max, deadline, woken)))
    }

    /// The one of these queues; a new one if there is none that works.
    fn of(&self, server: &Server, queues: &[Arc<str>]) -> Result<Arc<Consumption>, Error> {
        let _alone = self.making.lock();
        self.all.lock().retain(|one| server.is_current(one.link.number));
        let works = |one: &&Arc<Consumption>| {
            *one.queues == *queues && one.channel.status().connected() && !one.inbox.has_ended()
        };
        if let Some(found) = self.all.lock().iter().rev().find(works) {
            return Ok(Arc::clone(found));
        }
        let (link, channel) =
            server.run(|link| Ok((Arc::clone(link), server.wait(link.channel())?)))?;
        let new = Arc::new(Consumption {
            number: self.numbers.fetch_add(1, Relaxed), // Relaxed: only that no two are the same
            link,
            channel,
            queues: queues.into(),
            demand: Lock::default(),
            inbox: Arc::default(),
        });
        self.all.lock().push(Arc::clone(&new));
        Ok(new)
    }

    /// The one that a claimed message came from; `None` if its link is gone. The server has then
    /// given the message to another worker already.
    pub(super) fn source(&self, receipt: &Receipt) -> Option<Arc<Consumption>> {
        let number: u64 = receipt.tag.split('-').next()?.parse().ok()?;
        self.all.lock().iter().find(|one| one.number == number).cloned()
    }

    /// Lets waiting claims return.
    pub(super) fn wake(&self) {
        for one in self.all.lock().iter() {
            one.inbox.state.lock().woken += 1;
            one.inbox.arrived.notify_all();
        }
    }

    /// Gives back what no claim has taken.
    pub(super) fn pause(&self, server: &Server) -> lapin::Result<()> {
        let all = self.all.lock().clone();
        all.iter()
            .filter(|one| server.is_current(one.link.number))
            .try_for_each(|one| one.pause(server))
    }
}

impl Consumption {
    /// Lets the server deliver up to `max` more than what is claimed.
    fn ask_for(&self, server: &Server, max: usize) -> lapin::Result<()> {
        let mut demand = self.demand.lock();
        let claimed = self.inbox.state.lock().claimed;
        let wanted = u16::try_from(claimed + max).unwrap_or(u16::MAX);
        // Not at each small change: it is a round trip.
        let fits = (demand.prefetch / 2..=demand.prefetch).contains(&wanted);
        if !fits {
            self.limit(server, wanted)?;
            demand.prefetch = wanted;
        }
        if demand.consumers.is_empty() {
            let consumers = self.queues.iter().map(|queue| {
                server.wait(async {
                    server.declare(&self.link, queue).await?;
                    let options = BasicConsumeOptions::default();
                    let name = (&**queue).into();
                    let consumer =
                        self.channel.basic_consume(name, "".into(), options, FieldTable::default());
                    let consumer = consumer.await?;
                    let name = consumer.tag();
                    server.spawn(fill(Arc::clone(&self.inbox), Arc::clone(queue), consumer));
                    Ok(name)
                })
            });
            demand.consumers = consumers.collect::<lapin::Result<_>>()?;
        }
        Ok(())
    }

    /// Sets how many messages may be unacknowledged on this channel. The answer comes when the
    /// server has dealt with everything that was sent on the channel before.
    fn limit(&self, server: &Server, prefetch: u16) -> lapin::Result<()> {
        // For the channel and not for each consumer, so that it can change later.
        server.wait(self.channel.basic_qos(prefetch, BasicQosOptions { global: true }))
    }

    pub(super) fn ack(&self, server: &Server, number: u64) -> lapin::Result<()> {
        server.wait(self.channel.basic_ack(number, BasicAckOptions::default()))?;
        self.inbox.settled();
        Ok(())
    }

    /// Back to its queue, where it was; returns when it is there.
    pub(super) fn give_back(&self, server: &Server, number: u64) -> lapin::Result<()> {
        let back = BasicNackOptions { requeue: true, multiple: false };
        server.wait(self.channel.basic_nack(number, back))?;
        self.inbox.settled();
        self.catch_up(server)
    }

    /// Returns when the server has dealt with everything that was sent on this channel.
    pub(super) fn catch_up(&self, server: &Server) -> lapin::Result<()> {
        let demand = self.demand.lock();
        self.limit(server, demand.prefetch)
    }

    fn pause(&self, server: &Server) -> lapin::Result<()> {
        let mut demand = self.demand.lock();
        let consumers = std::mem::take(&mut demand.consumers);
        {
            let mut state = self.inbox.state.lock();
            (state.pausing, state.paused) = (true, 0);
        }
        for consumer in &consumers {
            let cancel = self.channel.basic_cancel(consumer.clone(), BasicCancelOptions::default());
            server.wait(cancel)?;
        }
        // What came before the server's answer may still be on its way into the buffer. The end of
        // each consumer comes after it.
        let deadline = Instant::now() + END;
        let mut state = self.inbox.state.lock();
        while state.paused < consumers.len() {
            if self.inbox.arrived.wait_deadline(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.pausing = false;
        let buffered = std::mem::take(&mut state.buffered);
        drop(state);
        for (_, delivery) in &buffered {
            let back = BasicNackOptions { requeue: true, multiple: false };
            server.wait(self.channel.basic_nack(delivery.delivery_tag, back))?;
        }
        if buffered.is_empty() { Ok(()) } else { self.limit(server, demand.prefetch) }
    }
}

impl Inbox {
    fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    /// One claimed message is at the server again, or done.
    fn settled(&self) {
        let mut state = self.state.lock();
        state.claimed = state.claimed.saturating_sub(1);
    }

    fn take(
        &self,
        queues: &[Arc<str>],
        max: usize,
        deadline: Option<Instant>,
        woken: u64,
    ) -> Vec<Delivered> {
        let mut state = self.state.lock();
        while state.buffered.is_empty() && state.woken == woken && !state.ended {
            match deadline {
                None => self.arrived.wait(&mut state),
                Some(deadline) => {
                    if self.arrived.wait_deadline(&mut state, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        if state.woken != woken || state.ended {
            return Vec::new(); // it is to end, and takes nothing along
        }
        let place = |name: &str| queues.iter().position(|queue| **queue == *name);
        // Stable: within a queue they stay in the server's order.
        state.buffered.make_contiguous().sort_by_key(|(queue, _)| place(queue));
        let count = max.min(state.buffered.len());
        state.claimed += count;
        state.buffered.drain(..count).collect()
    }
}

/// Puts a consumer's deliveries into the buffer, in the server's order, until its end.
///
/// The library could also call a delegate. But `basic_cancel` takes the delegate away when it
/// begins (lapin 4.12): what arrives until the server has answered would be seen by no claim, and
/// stay unacknowledged: `findings/lapin-cancel-takes-the-delegate.sh`.
async fn fill(inbox: Arc<Inbox>, queue: Arc<str>, mut consumer: Consumer) {
    loop {
        let next = poll_fn(|context| Pin::new(&mut consumer).poll_next(context)).await;
        let goes_on = matches!(next, Some(Ok(_)));
        let mut state = inbox.state.lock();
        match next {
            Some(Ok(delivery)) => state.buffered.push_back((Arc::clone(&queue), delivery)),
            // Cancelled: by this program, or because the queue was deleted.
            None if state.pausing => state.paused += 1,
            None | Some(Err(_)) => state.ended = true,
        }
        drop(state);
        inbox.arrived.notify_all();
        if !goes_on {
            return;
        }
    }
}
