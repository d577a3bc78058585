//! A condition: a mailbox with room for one letter.
//!
//! ```text
//!   writer ──put──▶ ┌────────┐ ──take──▶ reader-1
//!                   │ letter │ ──take──▶ reader-2
//!                   └────────┘ ──take──▶ reader-3
//!   waits while it is full      wait while it is empty
//! ```
//!
//! A reader that finds the box empty must sleep until there is a letter. To look and to fall asleep
//! have to be one step, or a letter may come in between and no thread wakes the reader: the
//! condition releases the lock and sleeps in one. And a reader that wakes up looks again: another
//! may have been faster.
//!
//! Without a condition a reader looks, sleeps a little, and looks again. Then a letter lies in the
//! box until the next look, and most looks are in vain.
//!
//! With `--broken` a reader looks once, `if` in place of `while`. Each letter wakes all that wait;
//! one of them takes it, and the others open an empty box.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use primitives::{Condition, Lock, threads};

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted};
use crate::timeline::{self, holding, waiting};
use crate::workers::{self, Worker};

/// How long a reader without a condition sleeps between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Letters, up to 1000000
    #[arg(long, value_name = "N", default_value = "200", value_parser = number::<1, 1_000_000>)]
    letters: usize,
    /// Readers, a thread each, up to 64
    #[arg(long, value_name = "N", default_value = "3", value_parser = number::<1, 64>)]
    readers: usize,
    /// Simulated: the writer takes so many µs for a letter
    #[arg(long, value_name = "US", default_value = "500", value_parser = number::<0, 10_000_000>)]
    write: usize,
    /// A reader that wakes up does not look again
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// How a reader waits for a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Sleeps at the condition, and looks again when it wakes up.
    Condition,
    /// Sleeps at the condition, and takes it that the letter is there.
    WithoutLookingAgain,
    /// Looks every now and then.
    Looking,
}

/// A letter, and when it was put into the box.
struct Letter {
    number: usize,
    put: Instant,
}

#[derive(Default)]
struct Inside {
    letter: Option<Letter>,
    closed: bool,
}

struct Mailbox {
    inside: Lock<Inside>,
    /// Notified when a letter was put in, and when the box is closed.
    put_in: Condition,
    /// Notified when a letter was taken.
    taken: Condition,
    way: Way,
    delivered: Arc<AtomicUsize>,
}

/// What a reader has got.
#[derive(Default)]
struct Got {
    letters: Vec<usize>,
    /// How long its letters lay in the box.
    lay: Duration,
    /// Looks at an empty box, after the first of each letter.
    in_vain: usize,
    /// How often it took a letter that was not there.
    empty: usize,
}

/// All letters, when they are delivered.
struct Delivered {
    readers: Vec<Worker<Got>>,
    writer: Vec<Worker<usize>>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    let first = if args.broken { Way::WithoutLookingAgain } else { Way::Condition };
    let (first, second) = (Mailbox::new(first), Mailbox::new(Way::Looking));
    let to_stop = [Arc::clone(&first), Arc::clone(&second)];
    on_ctrl_c(move || to_stop.iter().for_each(|mailbox| mailbox.close()))?;
    let delivered = deliver(args, &first)?;
    let picture = timeline.finish()?;

    let mut report = Report::new(format_args!(
        "A mailbox with room for one letter, and {}",
        counted(args.readers, "reader")
    ));
    report.gap();
    let row = |reader: &Worker<Got>| match &reader.done {
        Ok(got) => [
            reader.name.clone(),
            format!("~{}", count(got.letters.len())),
            format!("~{}", count(got.in_vain)),
            format!("~{}", count(got.empty)),
        ],
        Err(_) => [reader.name.clone(), "panicked".into(), String::new(), String::new()],
    };
    let rows: Vec<_> = delivered.readers.iter().map(row).collect();
    report.table(["thread", "letters", "in vain", "empty box"], &rows);
    report.gap();
    report.timeline(picture.as_ref());
    if !args.broken && delivered.panics().next().is_none() && !interrupted() {
        let by_looking = deliver(args, &second)?;
        report.argue(
            Side("with a condition", delivered.sentence()),
            Side("without", by_looking.sentence()),
            format_args!(
                "the condition wakes a reader when there is a letter; without it a reader looks every {LOOK_AGAIN:.0?}"
            ),
        );
    }
    let so_far = || format!("{} delivered", counted(first.delivered.load(Relaxed), "letter"));
    let verdict = Verdict::on(delivered.panics(), so_far, || delivered.check(args.letters));
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- condition --broken", "a reader that wakes up does not look again"),
        ("cargo run -- condition --readers 1", "one reader: it is always the one that is woken"),
        ("cargo run -- condition --write 0", "a writer that needs no time: the box is full"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The writer puts all letters into the box, and the readers take them.
fn deliver(args: &Args, mailbox: &Arc<Mailbox>) -> std::io::Result<Delivered> {
    let shown = Arc::clone(&mailbox.delivered);
    let live = progress::start(args.letters, "letters", move || {
        count(shown.load(Relaxed)) // Relaxed: a number for the eye
    });
    let pause = Duration::from_micros(args.write as u64);
    let ended = threads::scope(|scope| {
        let close = || mailbox.close();
        let read = |_| mailbox.read(|| live.inc(1));
        let readers = workers::start(scope, "reader", args.readers, read, close)?;
        let write = |_| mailbox.write(args.letters, pause);
        let writer = workers::start(scope, "writer", 1, write, close)?;
        let writer = workers::join(writer);
        mailbox.close();
        Ok(Delivered { readers: workers::join(readers), writer })
    });
    live.finish_and_clear();
    ended
}

impl Mailbox {
    fn new(way: Way) -> Arc<Self> {
        Arc::new(Self {
            inside: Lock::default(),
            put_in: Condition::new(),
            taken: Condition::new(),
            way,
            delivered: Arc::default(),
        })
    }

    /// How many letters it put in.
    fn write(&self, letters: usize, pause: Duration) -> usize {
        for number in 0..letters {
            interrupt::sleep(pause); // it writes
            let mut inside = waiting!("the box", self.inside.lock());
            let full = |inside: &mut Inside| inside.letter.is_some() && !inside.closed;
            waiting!("room in the box", self.taken.wait_while(&mut inside, full));
            if inside.closed {
                return number;
            }
            let _holding = holding!("the box");
            inside.letter = Some(Letter { number, put: Instant::now() });
            drop(inside);
            match self.way {
                // To wake all is never wrong for readers that look again, and these do not.
                Way::WithoutLookingAgain => self.put_in.notify_all(),
                Way::Condition | Way::Looking => self.put_in.notify_one(),
            }
        }
        letters
    }

    fn read(&self, taken: impl Fn()) -> Got {
        let mut got = Got::default();
        while self.take(&mut got) {
            self.delivered.fetch_add(1, Relaxed); // Relaxed: a number for the eye
            taken();
        }
        got
    }

    /// Waits for a letter and takes it. False: the box is closed.
    fn take(&self, got: &mut Got) -> bool {
        let mut inside = waiting!("the box", self.inside.lock());
        let is_empty = |inside: &Inside| inside.letter.is_none() && !inside.closed;
        match self.way {
            Way::Condition => {
                while is_empty(&inside) {
                    waiting!("a letter", self.put_in.wait(&mut inside));
                    got.in_vain += usize::from(is_empty(&inside));
                }
            }
            Way::WithoutLookingAgain => {
                if is_empty(&inside) {
                    waiting!("a letter", self.put_in.wait(&mut inside));
                }
            }
            Way::Looking => {
                while is_empty(&inside) {
                    drop(inside);
                    waiting!("a letter", interrupt::sleep(LOOK_AGAIN));
                    inside = self.inside.lock();
                    got.in_vain += usize::from(is_empty(&inside));
                }
            }
        }
        let _holding = holding!("the box");
        match inside.letter.take() {
            Some(letter) => {
                got.letters.push(letter.number);
                got.lay += letter.put.elapsed();
                drop(inside);
                self.taken.notify_one();
            }
            None if inside.closed => return false,
            None => got.empty += 1,
        }
        true
    }

    /// What is in it can still be taken.
    fn close(&self) {
        self.inside.lock().closed = true;
        self.put_in.notify_all();
        self.taken.notify_all();
    }
}

impl Delivered {
    fn panics(&self) -> impl Iterator<Item = &threads::PanicError> {
        workers::panics(&self.readers).chain(workers::panics(&self.writer))
    }

    fn sentence(&self) -> String {
        let got = || workers::done(&self.readers);
        let letters: usize = got().map(|got| got.letters.len()).sum();
        let lay: Duration = got().map(|got| got.lay).sum();
        let in_vain: usize = got().map(|got| got.in_vain).sum();
        format!(
            "a letter lay in the box for {:.1?}; ~{} looks in vain for {}",
            lay / letters.max(1) as u32,
            count(in_vain),
            counted(letters, "letter"),
        )
    }

    /// Whether each letter was taken once, each reader's in the order in which they were written,
    /// and no box was empty.
    fn check(&self, letters: usize) -> Result<String, String> {
        let mut times: BTreeMap<usize, usize> = (0..letters).map(|letter| (letter, 0)).collect();
        let got = || workers::done(&self.readers);
        got().flat_map(|got| &got.letters).for_each(|&n| *times.entry(n).or_default() += 1);
        let wrong = times.values().filter(|&&times| times != 1).count();
        let empty: usize = got().map(|got| got.empty).sum();
        if empty > 0 {
            return Err(format!("a reader opened an empty box ~{}", counted(empty, "time")));
        }
        if wrong > 0 || !got().all(|got| got.letters.is_sorted()) {
            return Err(format!("{} did not arrive once and in order", counted(wrong, "letter")));
        }
        Ok(format!(
            "each of {} was taken once, and no reader opened an empty box",
            counted(letters, "letter")
        ))
    }
}
