//! Memory as the explorer has it: each word keeps all values that were ever stored, and each thread
//! knows how much of them it has seen.
//!
//! This is the "view" reading of release and acquire. A stored value is a _message_; the messages
//! of a word are numbered in the order in which they were stored (its _stamps_). A thread has a
//! _view_, one stamp a word: it may read that message or a later one, never an earlier one. A
//! message carries a view too. A Release store puts the thread's view into it, and an Acquire load
//! that reads the message takes that view over: from then on the thread has seen what the writer
//! had seen.
//!
//! | operation             | what it does beside reading or writing                                       |
//! | --------------------- | ---------------------------------------------------------------------------- |
//! | Relaxed load          | moves the view on this word; keeps the message's view for an acquire fence   |
//! | Acquire load          | joins the message's view                                                     |
//! | Relaxed store         | the message carries the view of the last release fence                       |
//! | Release store         | the message carries the thread's view                                        |
//! | read-modify-write     | reads the newest message; the new one carries its view too (release sequence)|
//! | acquire fence         | joins the views kept by Relaxed loads                                        |
//! | release fence         | later Relaxed stores carry the view of now                                   |
//! | SeqCst fence          | both, and joins one view that all such fences share                          |
//! | SeqCst load, store    | as Acquire, Release; on this word also sees and extends the shared view      |
//!
//! **What it leaves out.** A load never reads what is stored later (no load buffering); stores to
//! one word take effect in the order in which they were executed (no "2+2W"); a compare-exchange
//! reads the newest value even when it fails, and a weak one never fails spuriously. The first two
//! are what loom leaves out as well. With that the explorer is a model to teach with; loom and
//! ThreadSanitizer judge what ships.
//!
//! The same clocks find data races: a view also counts, for each thread, how many of its accesses
//! to cells it has seen. An access races with an earlier one by another thread, one of them a
//! write, that is not in the view.

use std::sync::atomic::Ordering;

use Ordering::{AcqRel, Acquire, Release, SeqCst};

/// How much of memory has been seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// By object: the stamp of the newest message that was seen.
    stamps: Vec<u32>,
    /// By thread: how many of its accesses to cells were seen.
    accesses: Vec<u32>,
}

fn raise(list: &mut Vec<u32>, i: usize, to: u32) {
    if list.len() <= i {
        list.resize(i + 1, 0);
    }
    list[i] = list[i].max(to);
}

impl View {
    fn stamp(&self, object: usize) -> u32 {
        self.stamps.get(object).copied().unwrap_or(0)
    }

    fn accesses(&self, thread: usize) -> u32 {
        self.accesses.get(thread).copied().unwrap_or(0)
    }

    fn see(&mut self, object: usize, stamp: u32) {
        raise(&mut self.stamps, object, stamp);
    }

    fn join(&mut self, other: &Self) {
        for (i, stamp) in other.stamps.iter().enumerate() {
            raise(&mut self.stamps, i, *stamp);
        }
        for (i, count) in other.accesses.iter().enumerate() {
            raise(&mut self.accesses, i, *count);
        }
    }
}

/// What one thread knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Eyes {
    /// What it has seen.
    now: View,
    /// What an acquire fence would make it see.
    acquirable: View,
    /// What it had seen at its last release fence.
    released: View,
}

impl Eyes {
    /// Sees all that another thread has seen: the start and the end of a thread.
    pub(crate) fn join(&mut self, other: &Self) {
        self.now.join(&other.now);
    }
}

/// A stored value.
#[derive(Clone, Debug)]
struct Message {
    value: u64,
    view: View,
}

/// The last accesses of a cell.
#[derive(Clone, Debug, Default)]
struct Accesses {
    /// The thread that wrote last, and which of its accesses that was.
    write: Option<(usize, u32)>,
    /// By thread: which of its accesses was its last read, 0 for none.
    reads: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Object {
    Word(Vec<Message>),
    Cell(Accesses),
}

/// All words and cells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    objects: Vec<Object>,
    /// What all SeqCst operations share.
    shared: View,
    /// Whether a load may return an older value.
    weak: bool,
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Acquire | AcqRel | SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Release | AcqRel | SeqCst)
}

impl Memory {
    pub(crate) fn new(weak: bool) -> Self {
        Self { weak, ..Self::default() }
    }

    pub(crate) fn add_word(&mut self, value: u64) -> usize {
        self.objects.push(Object::Word(vec![Message { value, view: View::default() }]));
        self.objects.len() - 1
    }

    pub(crate) fn add_cell(&mut self) -> usize {
        self.objects.push(Object::Cell(Accesses::default()));
        self.objects.len() - 1
    }

    fn messages(&self, word: usize) -> &[Message] {
        match &self.objects[word] {
            Object::Word(messages) => messages,
            Object::Cell(_) => unreachable!("a cell has no messages"),
        }
    }

    fn last(&self, word: usize) -> u32 {
        u32::try_from(self.messages(word).len() - 1).expect("a small program stores little")
    }

    /// The value that was stored last.
    pub(crate) fn newest(&self, word: usize) -> u64 {
        self.messages(word)[self.last(word) as usize].value
    }

    /// Changes the value that was stored last, as no step of the program.
    pub(crate) fn keep(&mut self, word: usize, value: u64) {
        if let Object::Word(messages) = &mut self.objects[word] {
            messages.last_mut().expect("a word has a value").value = value;
        }
    }

    /// Among how many messages a load may choose: the newest and those before it.
    pub(crate) fn choices(&self, eyes: &Eyes, word: usize, order: Ordering) -> usize {
        if !self.weak {
            return 1;
        }
        let mut first = eyes.now.stamp(word);
        if order == SeqCst {
            first = first.max(self.shared.stamp(word));
        }
        (self.last(word) - first) as usize + 1
    }

    /// Reads the message that is `older` places before the newest.
    pub(crate) fn load(
        &mut self,
        eyes: &mut Eyes,
        word: usize,
        order: Ordering,
        older: usize,
    ) -> u64 {
        let stamp = self.last(word) - u32::try_from(older).expect("few choices");
        let Message { value, view } = self.messages(word)[stamp as usize].clone();
        eyes.now.see(word, stamp);
        let receiver = if acquires(order) { &mut eyes.now } else { &mut eyes.acquirable };
        receiver.join(&view);
        if order == SeqCst {
            self.shared.see(word, stamp);
        }
        value
    }

    pub(crate) fn store(&mut self, eyes: &mut Eyes, word: usize, value: u64, order: Ordering) {
        self.write(eyes, word, value, order, View::default());
    }

    /// Reads the newest message and writes what `change` makes of it, if it makes something of it.
    pub(crate) fn update(
        &mut self,
        eyes: &mut Eyes,
        word: usize,
        (success, failure): (Ordering, Ordering),
        change: impl FnOnce(u64) -> Option<u64>,
    ) -> u64 {
        match change(self.newest(word)) {
            Some(new) => {
                let sequence = self.messages(word)[self.last(word) as usize].view.clone();
                let old = self.load(eyes, word, success, 0);
                self.write(eyes, word, new, success, sequence);
                old
            }
            None => self.load(eyes, word, failure, 0),
        }
    }

    fn write(&mut self, eyes: &mut Eyes, word: usize, value: u64, order: Ordering, sequence: View) {
        let stamp = self.last(word) + 1;
        eyes.now.see(word, stamp);
        let mut view = if releases(order) { eyes.now.clone() } else { eyes.released.clone() };
        view.see(word, stamp);
        view.join(&sequence);
        if order == SeqCst {
            self.shared.see(word, stamp);
        }
        if let Object::Word(messages) = &mut self.objects[word] {
            messages.push(Message { value, view });
        }
    }

    pub(crate) fn fence(&mut self, eyes: &mut Eyes, order: Ordering) {
        if acquires(order) {
            let acquirable = eyes.acquirable.clone();
            eyes.now.join(&acquirable);
        }
        if order == SeqCst {
            eyes.now.join(&self.shared);
            self.shared = eyes.now.clone();
        }
        if releases(order) {
            eyes.released = eyes.now.clone();
        }
    }

    /// Whether something was stored in the word that the thread has not read.
    pub(crate) fn is_news(&self, eyes: &Eyes, word: usize) -> bool {
        self.last(word) > eyes.now.stamp(word)
    }

    /// A thread that waits in a loop sees the newest value in the end.
    pub(crate) fn look_again(&self, eyes: &mut Eyes, word: usize) {
        let last = self.last(word);
        eyes.now.see(word, last);
    }

    /// An access to a cell. Returns the thread whose earlier access is not in this thread's view.
    pub(crate) fn access(
        &mut self,
        thread: usize,
        eyes: &mut Eyes,
        cell: usize,
        write: bool,
    ) -> Option<usize> {
        let Object::Cell(accesses) = &mut self.objects[cell] else {
            unreachable!("a word is no cell")
        };
        let unseen =
            |other: usize, access: u32| other != thread && access > eyes.now.accesses(other);
        let mut race = accesses.write.filter(|&(other, access)| unseen(other, access));
        if write && race.is_none() {
            let mut reads = accesses.reads.iter().copied().enumerate();
            race = reads.find(|&(other, access)| unseen(other, access));
        }
        let mine = eyes.now.accesses(thread) + 1;
        raise(&mut eyes.now.accesses, thread, mine);
        if write {
            accesses.write = Some((thread, mine));
            accesses.reads.clear();
        } else {
            raise(&mut accesses.reads, thread, mine);
        }
        race.map(|(other, _)| other)
    }

    /// Writes down all that later steps of these threads depend on.
    ///
    /// A message that no thread can read any more is left out, and stamps are counted from the
    /// oldest message that can be read: what lies before it can make no difference, because joining
    /// a stamp that every thread has passed changes no view.
    pub(crate) fn describe(&self, threads: &[Option<&Eyes>], key: &mut Vec<u64>) {
        let living = || threads.iter().copied().flatten();
        let base: Vec<u32> = (0..self.objects.len())
            .map(|object| match &self.objects[object] {
                Object::Word(_) if self.weak => {
                    living().map(|eyes| eyes.now.stamp(object)).min().unwrap_or(self.last(object))
                }
                Object::Word(_) => self.last(object),
                Object::Cell(_) => 0,
            })
            .collect();
        let describe = |view: &View, key: &mut Vec<u64>| {
            for (object, base) in base.iter().enumerate() {
                key.push(u64::from(view.stamp(object).saturating_sub(*base)));
            }
            key.extend((0..threads.len()).map(|thread| u64::from(view.accesses(thread))));
        };
        for eyes in living() {
            describe(&eyes.now, key);
            describe(&eyes.acquirable, key);
            describe(&eyes.released, key);
        }
        describe(&self.shared, key);
        for (object, base) in self.objects.iter().zip(&base) {
            match object {
                Object::Word(messages) => {
                    let readable = &messages[*base as usize..];
                    key.push(readable.len() as u64);
                    for message in readable {
                        key.push(message.value);
                        describe(&message.view, key);
                    }
                }
                Object::Cell(accesses) => {
                    let (thread, access) = accesses.write.unwrap_or_default();
                    key.extend([thread as u64, u64::from(access)]);
                    let read = |thread| accesses.reads.get(thread).copied().unwrap_or(0);
                    key.extend((0..threads.len()).map(|thread| u64::from(read(thread))));
                }
            }
        }
    }
}
