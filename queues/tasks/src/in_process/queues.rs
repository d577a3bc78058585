//! The queues of this process, and the other state of a broker.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use foldhash::fast::RandomState;
use primitives::{Condition, Lock};

use super::journal::Journal;
use crate::broker::{DeadLetter, Delivery, Nack, Receipt};
use crate::error::Error;
use crate::message::Message;
use crate::wire;

/// The steps of urgency: 0–2, 3–5, 6–8, 9.
const STEPS: usize = 4;

/// How many dead letters are kept, and how many ids of revoked tasks that have not arrived.
const REMEMBERED: usize = 10_000;

/// The state of a broker, under one lock: each call takes a few hundred nanoseconds.
#[derive(Default)]
pub(super) struct Queues {
    state: Lock<State>,
    journal: Option<Arc<Journal>>,
    /// Notified when a message has arrived, or when all claims must look.
    arrived: Condition,
}

#[derive(Default)]
struct State {
    lists: HashMap<Arc<str>, [VecDeque<Waiting>; STEPS], RandomState>,
    closed: bool,
    /// Counts calls of `wake`.
    woken: u64,
    /// The queues that the first claim named, and whether a later claim named others. Then a
    /// notification may reach a claim that cannot use it, so all must be notified.
    named: Option<Vec<Arc<str>>>,
    mixed: bool,
    dead: VecDeque<DeadLetter>,
    revoked: HashSet<String>,
    revoked_in_order: VecDeque<String>,
    leaders: HashMap<String, (String, Instant)>,
    notes: HashMap<String, String>,
}

struct Waiting {
    /// Its number in the journal; 0 without one.
    number: u64,
    message: Box<Message>,
    redeliveries: u32,
}

fn step(priority: u8) -> usize {
    usize::from(priority / 3).min(STEPS - 1)
}

impl Queues {
    pub(super) fn push(&self, messages: Vec<Message>) -> Result<(), Error> {
        let numbers = self.journal.as_ref().map(|journal| journal.push(&messages)).transpose()?;
        let numbers = numbers.unwrap_or_default();
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            self.note_done(&numbers)?;
            return Err(Error::Closed);
        }
        let many = messages.len() > 1;
        let numbers = numbers.into_iter().chain(std::iter::repeat(0));
        for (message, number) in messages.into_iter().zip(numbers) {
            let message = Box::new(message);
            state.last(Waiting { number, message, redeliveries: 0 });
        }
        self.notify(&state, many);
        Ok(())
    }

    fn notify(&self, state: &State, many: bool) {
        if many || state.mixed {
            self.arrived.notify_all();
        } else {
            self.arrived.notify_one();
        }
    }

    pub(super) fn claim(
        &self,
        names: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let mut until = None;
        let mut state = self.state.lock();
        match &state.named {
            None => state.named = Some(names.to_vec()),
            Some(named) if named == names => {}
            Some(_) => state.mixed = true,
        }
        let woken = state.woken;
        loop {
            if state.woken != woken {
                return Ok(Vec::new()); // it is to end, and takes nothing along
            }
            let claimed = state.take(names, max);
            if !claimed.is_empty() {
                drop(state);
                return self.noted_as_taken(claimed);
            }
            // The clock is read only if it must wait.
            let deadline = *until.get_or_insert_with(|| Instant::now().checked_add(timeout));
            let timed_out = match deadline {
                Some(deadline) => self.arrived.wait_deadline(&mut state, deadline).timed_out(),
                None => {
                    self.arrived.wait(&mut state);
                    false
                }
            };
            if timed_out {
                let claimed = state.take(names, max);
                drop(state);
                return self.noted_as_taken(claimed);
            }
        }
    }

    pub(super) fn ack(&self, receipts: &[Receipt]) -> Result<(), Error> {
        if self.journal.is_none() {
            return Ok(());
        }
        let numbers: Vec<_> = receipts.iter().map(|receipt| receipt.number).collect();
        self.note_done(&numbers)
    }

    pub(super) fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error> {
        let number = delivery.receipt.number;
        match how {
            Nack::GiveBack => {
                let Ok(message) = &delivery.content else { return Ok(()) };
                let redeliveries = delivery.redeliveries;
                let noted = match &self.journal {
                    Some(journal) => journal.give_back(number, redeliveries),
                    None => Ok(()),
                };
                // Also if that could not be written: another thread may have it.
                let mut state = self.state.lock();
                state.first(Waiting { number, message: message.clone(), redeliveries });
                self.notify(&state, false);
                noted
            }
            Nack::Bury { reason } => {
                let message = match &delivery.content {
                    Ok(message) => wire::envelope(message),
                    Err(_) => String::from_utf8_lossy(&delivery.raw).into_owned(),
                };
                let letter = DeadLetter { queue: delivery.queue.to_string(), reason, message };
                if let Some(journal) = &self.journal {
                    journal.bury(number, &letter, REMEMBERED)?;
                }
                let mut state = self.state.lock();
                state.dead.push_front(letter);
                state.dead.truncate(REMEMBERED);
                Ok(())
            }
        }
    }

    pub(super) fn wake(&self) {
        let mut state = self.state.lock();
        state.woken += 1;
        self.arrived.notify_all();
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.wake();
    }

    pub(super) fn waiting(&self) -> usize {
        self.state.lock().lists.values().flatten().map(VecDeque::len).sum()
    }

    pub(super) fn len(&self, queue: &str) -> usize {
        let state = self.state.lock();
        state.lists.get(queue).map_or(0, |lists| lists.iter().map(VecDeque::len).sum())
    }

    pub(super) fn purge(&self, queue: &str) -> Result<usize, Error> {
        let dropped = self.state.lock().lists.remove(queue);
        let dropped: Vec<Waiting> = dropped.into_iter().flatten().flatten().collect();
        self.note_done(&dropped.iter().map(|waiting| waiting.number).collect::<Vec<_>>())?;
        Ok(dropped.len()) // and dropped without the lock
    }

    pub(super) fn dead_letters(&self, queue: &str, max: usize) -> Vec<DeadLetter> {
        let state = self.state.lock();
        state.dead.iter().filter(|letter| letter.queue == queue).take(max).cloned().collect()
    }

    pub(super) fn revoke(&self, ids: &[String]) -> Result<(), Error> {
        if let Some(journal) = &self.journal {
            journal.revoke(ids, REMEMBERED)?;
        }
        self.state.lock().revoke(ids);
        Ok(())
    }

    pub(super) fn lead(&self, role: &str, me: &str, time: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.state.lock();
        match state.leaders.get(role) {
            Some((leader, until)) if leader != me && *until > now => false,
            _ => {
                state.leaders.insert(role.into(), (me.into(), now + time));
                true
            }
        }
    }

    pub(super) fn resign(&self, role: &str, me: &str) {
        let mut state = self.state.lock();
        if state.leaders.get(role).is_some_and(|(leader, _)| leader == me) {
            state.leaders.remove(role);
        }
    }

    pub(super) fn note(&self, key: &str) -> Option<String> {
        self.state.lock().notes.get(key).cloned()
    }

    pub(super) fn set_note(&self, key: &str, value: &str) -> Result<(), Error> {
        if let Some(journal) = &self.journal {
            journal.set_note(key, value)?;
        }
        self.state.lock().notes.insert(key.into(), value.into());
        Ok(())
    }
}

/// The journal, if there is one.
impl Queues {
    /// With what the file has kept.
    #[cfg(feature = "journal")]
    pub(super) fn restored(
        journal: Arc<Journal>,
        tasks: Vec<super::journal::Task>,
        dead: Vec<DeadLetter>,
        revoked: Vec<String>,
        notes: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        let mut state = State::default();
        state.dead.extend(dead.into_iter().rev());
        state.revoke(&revoked);
        state.notes.extend(notes);
        for task in tasks {
            let (number, redeliveries) = (task.number, task.taken);
            match wire::open(&task.queue, task.envelope.as_bytes()).content {
                Ok(message) => {
                    let message = Box::new(message);
                    state.last(Waiting { number, message, redeliveries });
                }
                Err(fault) => {
                    let (queue, reason) = (task.queue.to_string(), fault.reason);
                    tracing::error!(
                        journal = journal.name(),
                        reason,
                        "a task became a dead letter"
                    );
                    let letter = DeadLetter { queue, reason, message: task.envelope };
                    journal.bury(number, &letter, REMEMBERED)?;
                    state.dead.push_front(letter);
                }
            }
        }
        let (state, journal) = (Lock::new(state), Some(journal));
        Ok(Self { state, journal, arrived: Condition::new() })
    }

    /// If that cannot be written, they go back to where they were. What waits for its time is only
    /// kept by its worker, and is noted when it is claimed again.
    fn noted_as_taken(&self, claimed: Vec<Delivery>) -> Result<Vec<Delivery>, Error> {
        let Some(journal) = &self.journal else { return Ok(claimed) };
        let begins = |delivery: &Delivery| {
            let eta = delivery.content.as_ref().ok().and_then(|message| message.eta);
            eta.is_none_or(|eta| eta <= SystemTime::now())
        };
        let count = |delivery: &Delivery| (delivery.receipt.number, delivery.redeliveries + 1);
        let counts: Vec<_> =
            claimed.iter().filter(|delivery| begins(delivery)).map(count).collect();
        if counts.is_empty() {
            return Ok(claimed);
        }
        let Err(error) = journal.take(&counts) else { return Ok(claimed) };
        let mut state = self.state.lock();
        for delivery in claimed.into_iter().rev() {
            if let Ok(message) = delivery.content {
                let (number, redeliveries) = (delivery.receipt.number, delivery.redeliveries);
                state.first(Waiting { number, message, redeliveries });
            }
        }
        Err(error)
    }

    fn note_done(&self, numbers: &[u64]) -> Result<(), Error> {
        match &self.journal {
            Some(journal) if !numbers.is_empty() => journal.done(numbers),
            _ => Ok(()),
        }
    }
}

impl State {
    fn last(&mut self, waiting: Waiting) {
        let (queue, step) = (Arc::clone(&waiting.message.queue), step(waiting.message.priority));
        self.list(&queue, step).push_back(waiting);
    }

    fn first(&mut self, waiting: Waiting) {
        let (queue, step) = (Arc::clone(&waiting.message.queue), step(waiting.message.priority));
        self.list(&queue, step).push_front(waiting);
    }

    fn revoke(&mut self, ids: &[String]) {
        for id in ids {
            if self.revoked.insert(id.clone()) {
                self.revoked_in_order.push_back(id.clone());
            }
        }
        while self.revoked_in_order.len() > REMEMBERED {
            if let Some(oldest) = self.revoked_in_order.pop_front() {
                self.revoked.remove(&oldest);
            }
        }
    }

    fn list(&mut self, queue: &Arc<str>, step: usize) -> &mut VecDeque<Waiting> {
        if !self.lists.contains_key(queue) {
            self.lists.insert(Arc::clone(queue), Default::default());
        }
        &mut self.lists.get_mut(queue).expect("it was just put there")[step]
    }

    fn take(&mut self, names: &[Arc<str>], max: usize) -> Vec<Delivery> {
        let mut claimed = Vec::new();
        for step in 0..STEPS {
            for name in names {
                let Some(lists) = self.lists.get_mut(name) else { continue };
                while claimed.len() < max {
                    let Some(waiting) = lists[step].pop_front() else { break };
                    let id = &waiting.message.id;
                    let revoked = !self.revoked.is_empty() && self.revoked.contains(&**id);
                    claimed.push(Delivery {
                        receipt: Receipt { number: waiting.number, ..Receipt::default() },
                        queue: Arc::clone(&waiting.message.queue),
                        content: Ok(waiting.message),
                        raw: Box::default(),
                        redeliveries: waiting.redeliveries,
                        redelivered: waiting.redeliveries > 0,
                        revoked,
                    });
                }
            }
        }
        claimed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(queue: &str, priority: u8, id: &str) -> Message {
        Message { id: id.into(), priority, ..Message::new("t".into(), queue.into()) }
    }

    fn ids(claimed: &[Delivery]) -> Vec<&str> {
        claimed.iter().map(|delivery| delivery.content.as_ref().unwrap().id.as_ref()).collect()
    }

    #[test]
    fn the_urgent_come_first_and_ties_in_order() {
        let queues = Queues::default();
        let all = [("q", 9, "d"), ("q", 0, "a"), ("r", 4, "c"), ("q", 0, "b")];
        queues
            .push(all.map(|(queue, priority, id)| message(queue, priority, id)).to_vec())
            .unwrap();
        let names = ["q".into(), "r".into()];
        let claimed = queues.claim(&names, 3, Duration::ZERO).unwrap();
        assert_eq!(ids(&claimed), ["a", "b", "c"]);
        let rest = queues.claim(&names, 3, Duration::ZERO).unwrap();
        assert_eq!(ids(&rest), ["d"]);
        assert!(queues.claim(&names, 3, Duration::ZERO).unwrap().is_empty());
    }

    #[test]
    fn what_is_given_back_is_first_again() {
        let queues = Queues::default();
        queues.push(vec![message("q", 0, "a"), message("q", 0, "b")]).unwrap();
        let names = ["q".into()];
        let first = queues.claim(&names, 1, Duration::ZERO).unwrap().remove(0);
        queues.nack(&first, Nack::GiveBack).unwrap();
        assert_eq!(ids(&queues.claim(&names, 9, Duration::ZERO).unwrap()), ["a", "b"]);
    }

    #[test]
    fn one_leads_until_its_time_is_over() {
        let queues = Queues::default();
        let hour = Duration::from_secs(3600);
        assert!(queues.lead("beat", "a", hour) && queues.lead("beat", "a", hour));
        assert!(!queues.lead("beat", "b", hour));
        queues.resign("beat", "b");
        assert!(!queues.lead("beat", "b", hour));
        assert!(queues.lead("beat", "a", Duration::ZERO) && queues.lead("beat", "b", hour));
        queues.resign("beat", "b");
        assert!(queues.lead("beat", "a", hour));
    }

    #[test]
    fn closed_takes_no_more_and_keeps_what_it_has() {
        let queues = Queues::default();
        queues.push(vec![message("q", 0, "a")]).unwrap();
        queues.close();
        assert_eq!(queues.push(vec![message("q", 0, "b")]), Err(Error::Closed));
        assert_eq!(queues.claim(&["q".into()], 9, Duration::ZERO).unwrap().len(), 1);
    }
}
