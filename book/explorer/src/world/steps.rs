//! What a step does to the world.

use super::{Event, Fact, Status, World};
use crate::memory::Eyes;
use crate::op::{Op, Outcome, Pending};
use crate::shape::Shape;
use crate::verdict::{Kind, Verdict};

impl World {
    /// In how many ways a thread can make its next step; 0 if it cannot.
    pub(crate) fn choices(&self, t: usize) -> usize {
        let thread = &self.threads[t];
        match thread.status {
            Status::Ready(Pending { op: Op::Load(_), object: Some(word), .. })
                if thread.turned_away == Some(word) =>
            {
                1
            }
            Status::Ready(Pending { op: Op::Load(order), object: Some(word), .. }) => {
                self.memory.choices(&thread.eyes, word, order)
            }
            Status::Ready(Pending { op: Op::WakeOne, object, .. }) => {
                self.sleepers(object).count().max(1)
            }
            Status::Ready(_) => 1,
            Status::Asleep(Pending { op: Op::Sleep { timed, .. }, .. }) => {
                usize::from(timed && thread.timeouts > 0) + usize::from(thread.spurious > 0)
            }
            _ => 0,
        }
    }

    /// In how many ways a thread can be killed now: 1, or 0. These come after its other choices.
    pub(crate) fn deaths(&self, t: usize) -> usize {
        let thread = &self.threads[t];
        let lives =
            matches!(thread.status, Status::Ready(_) | Status::Asleep(_) | Status::Waiting(_));
        usize::from(lives && !thread.killed && self.rules.killable.get(t) == Some(&true))
    }

    /// Whether a choice is that the thread is killed.
    pub(crate) fn is_death(&self, t: usize, choice: usize) -> bool {
        choice == self.choices(t) && self.deaths(t) == 1
    }

    /// Kills a thread, before its next step.
    pub(crate) fn kill(&mut self, t: usize) -> Event {
        let thread = &mut self.threads[t];
        thread.killed = true;
        thread.read.clear();
        (thread.called, thread.turned_away) = (None, None);
        self.learn(t, Fact::Killed);
        Event { object: None, text: "is killed".into(), stale: false, death: true }
    }

    /// Makes a thread's next step. Returns what was done, and who goes on with what.
    pub(crate) fn execute(&mut self, t: usize, choice: usize) -> (Event, Vec<(usize, Outcome)>) {
        match self.threads[t].status {
            Status::Asleep(pending) => self.wake_itself(t, pending, choice),
            Status::Ready(pending) => {
                let mut eyes = std::mem::take(&mut self.threads[t].eyes);
                let newest = pending.object.map(|o| self.value(o));
                let (outcome, text, woken) = self.perform(t, &mut eyes, pending, choice);
                self.threads[t].eyes = eyes;
                let is_turned_away = matches!(pending.op, Op::Sleep { .. }) && !outcome.ok;
                self.threads[t].turned_away = pending.object.filter(|_| is_turned_away);
                let stale = matches!(pending.op, Op::Load(_))
                    && newest.flatten().is_some_and(|newest| newest != outcome.value);
                let event = Event { object: pending.object, text, stale, death: false };
                let mut go = woken;
                if matches!(pending.op, Op::Sleep { .. }) && outcome.ok {
                    self.threads[t].status = Status::Asleep(pending);
                } else {
                    go.push((t, outcome));
                }
                for (t, outcome) in &go {
                    self.learn(*t, Fact::Returned(*outcome));
                }
                (event, go)
            }
            status => unreachable!("thread {t} cannot make a step: {status:?}"),
        }
    }

    /// A sleeper wakes up without having been woken.
    fn wake_itself(
        &mut self,
        t: usize,
        pending: Pending,
        choice: usize,
    ) -> (Event, Vec<(usize, Outcome)>) {
        let timed = matches!(pending.op, Op::Sleep { timed: true, .. });
        let timed_out = choice == 0 && timed && self.threads[t].timeouts > 0;
        let text = if timed_out {
            self.threads[t].timeouts -= 1;
            "wait → the time is up"
        } else {
            self.threads[t].spurious -= 1;
            "wait → wakes up spuriously"
        };
        let outcome = Outcome { value: 0, ok: false, timed_out };
        self.learn(t, Fact::Returned(outcome));
        let event = Event { object: pending.object, text: text.into(), stale: false, death: false };
        (event, vec![(t, outcome)])
    }

    fn learn(&mut self, t: usize, fact: Fact) {
        let history = self.threads[t].history;
        self.threads[t].history = self.histories.add(history, fact);
    }

    /// Does an operation. Returns its outcome, what it looked like, and who was woken.
    pub(super) fn perform(
        &mut self,
        t: usize,
        eyes: &mut Eyes,
        pending: Pending,
        choice: usize,
    ) -> (Outcome, String, Vec<(usize, Outcome)>) {
        let word = pending.object.unwrap_or(usize::MAX);
        let shape = pending.object.map_or(Shape::Opaque, |object| self.shape(object));
        let show = |value| shape.text(value);
        if let (Some(thread), Op::Store(..) | Op::Update(..) | Op::Exchange { .. }) =
            (self.threads.get_mut(t), pending.op)
        {
            thread.called = None;
        }
        let mut woken = Vec::new();
        let (outcome, text) = match pending.op {
            Op::Load(order) => {
                let value = self.memory.load(eyes, word, order, choice);
                self.noted(t, word);
                (Outcome::of(value, true), format!("load → {}", show(value)))
            }
            Op::Store(value, order) => {
                self.memory.store(eyes, word, value, order);
                (Outcome::of(value, true), format!("store({})", show(value)))
            }
            Op::Update(update, operand, order) => {
                let change = |old| Some(update.apply(old, operand) & shape.mask());
                let old = self.memory.update(eyes, word, (order, order), change);
                self.noted(t, word);
                let text = format!("{}({}) → {}", update.name(), show(operand), show(old));
                (Outcome::of(old, true), text)
            }
            Op::Exchange { expected, new, success, failure } => {
                let change = |old| (old == expected).then_some(new);
                let old = self.memory.update(eyes, word, (success, failure), change);
                self.noted(t, word);
                let ok = old == expected;
                let result = if ok { "Ok" } else { "Err" };
                let (from, to, old_text) = (show(expected), show(new), show(old));
                let text = format!("compare_exchange({from}, {to}) → {result}({old_text})");
                (Outcome::of(old, ok), text)
            }
            Op::Fence(order) => {
                self.memory.fence(eyes, order);
                (Outcome::of(0, true), format!("fence({order:?})"))
            }
            Op::Sleep { expected, .. } => {
                // The kernel looks at the word as it is.
                let asleep = self.memory.newest(word) == expected;
                let text = if asleep {
                    format!("wait({}) → falls asleep", show(expected))
                } else {
                    let now = show(self.memory.newest(word));
                    format!("wait({}) → no: it is {now}", show(expected))
                };
                (Outcome::of(0, asleep), text)
            }
            Op::WakeOne | Op::WakeAll => {
                let mut sleepers = Vec::from_iter(self.sleepers(pending.object));
                if pending.op == Op::WakeOne && !sleepers.is_empty() {
                    sleepers = vec![sleepers[choice]];
                }
                if let (true, Some(object)) = (sleepers.is_empty(), pending.object) {
                    self.objects[object].missed_wake = true;
                }
                let call = if pending.op == Op::WakeOne { "wake_one" } else { "wake_all" };
                let names = Vec::from_iter(sleepers.iter().map(|&t| crate::thread_name(t)));
                let whom = if names.is_empty() { "no thread".into() } else { names.join(", ") };
                let ok = !sleepers.is_empty();
                for &t in &sleepers {
                    self.threads[t].called = pending.object;
                }
                woken.extend(sleepers.into_iter().map(|t| (t, Outcome::of(0, true))));
                (Outcome::of(0, ok), format!("{call} → {whom}"))
            }
            Op::ReadCell | Op::WriteCell => {
                let write = pending.op == Op::WriteCell;
                self.access(t, eyes, word, write);
                (Outcome::of(0, true), if write { "write" } else { "read" }.to_owned())
            }
            Op::Yield => (Outcome::of(0, true), String::new()),
        };
        (outcome, text, woken)
    }

    /// A thread has read a word: it is one of those whose change it waits for, should it wait.
    fn noted(&mut self, t: usize, word: usize) {
        if let Some(thread) = self.threads.get_mut(t)
            && !thread.read.contains(&word)
        {
            thread.read.push(word);
        }
    }

    fn access(&mut self, t: usize, eyes: &mut Eyes, object: usize, write: bool) {
        if let Some(other) = self.memory.access(t, eyes, object, write) {
            let (a, b) = (crate::thread_name(t), crate::thread_name(other));
            let what = if write { "writes it" } else { "reads it" };
            self.verdict.get_or_insert(Verdict::new(
                Kind::Race,
                format!("{a} {what}, and nothing orders that after what {b} did to it"),
            ));
        }
        if t >= self.expected {
            return; // alone: no other's history
        }
        let found = self.value(object);
        let history = self.threads[t].history;
        if let Some(cell) = &mut self.objects[object].cell {
            let version = cell.version;
            if write && found.is_none() {
                cell.version = self.histories.add(version, Fact::Written(t, history));
            }
            self.learn(t, Fact::Found(found.unwrap_or(version.into())));
        }
    }

    /// A thread that waits in a loop goes on if something that it has read has changed, or if it
    /// has read nothing.
    pub(crate) fn goes_on(&mut self, t: usize) -> bool {
        let thread = &mut self.threads[t];
        let news = |word: &usize| self.memory.is_news(&thread.eyes, *word);
        if !thread.read.is_empty() && !thread.read.iter().any(news) {
            return false;
        }
        for word in std::mem::take(&mut thread.read) {
            self.memory.look_again(&mut thread.eyes, word);
        }
        true
    }
}
