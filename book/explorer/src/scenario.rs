//! A scenario: a small program to be played through in every order.
//!
//! ```
//! use explorer::sync::atomic::{AtomicU32, Ordering::Relaxed};
//! use explorer::{Kind, Scenario};
//!
//! struct Counter {
//!     count: AtomicU32,
//! }
//!
//! let scenario = Scenario::new("two-add", || Counter { count: AtomicU32::new(0) })
//!     .threads(2, |counter| {
//!         let before = counter.count.load(Relaxed);
//!         counter.count.store(before + 1, Relaxed);
//!     })
//!     .check(|counter| assert_eq!(counter.count.load(Relaxed), 2, "an addition is lost"))
//!     .broken(Kind::Assertion);
//! let graph = explorer::search::explore(&scenario, 0);
//! assert_eq!(graph.shortest_failure().unwrap().len(), 4);
//! assert_eq!(graph.interleavings(), 6);
//! ```

use std::rc::Rc;
use std::sync::atomic::Ordering;

use crate::part::Part;
use crate::source;
use crate::verdict::Kind;
use crate::world::{Region, Rules, Weaker};

/// The parts of a scenario, set up for one run.
pub(crate) struct Program {
    pub(crate) bodies: Vec<Box<dyn FnOnce()>>,
    /// For each thread, what is done in its place when it was killed, if it can be.
    pub(crate) deaths: Vec<Option<Box<dyn FnOnce()>>>,
    pub(crate) check: Box<dyn FnOnce()>,
}

/// What the search must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No run goes wrong.
    Right,
    /// Some run goes wrong, the shortest in this way.
    Broken(Kind),
}

/// An ordering that the reader may change.
#[derive(Clone, Debug)]
pub struct Toggle {
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// A piece of the line, the only line of those shown that has it.
    pub text: &'static str,
    /// The ordering that the source has.
    pub from: Ordering,
    /// The other one.
    pub to: Ordering,
    /// What the search must find with the other one.
    pub expected: Expected,
}

/// A small program to be played through in every order, and what must come of it.
pub struct Scenario {
    /// What the chapter and the files call it.
    pub name: &'static str,
    /// What the search must find with the orderings of the source.
    pub expected: Expected,
    /// The source that the page shows.
    pub parts: Vec<Part>,
    /// The orderings that the reader may change. Each doubles the number of graphs.
    pub toggles: Vec<Toggle>,
    threads: usize,
    make: Box<dyn Fn() -> Program>,
    inside: Vec<Part>,
    weak: bool,
    spurious: u32,
    timeouts: u32,
    asleep: usize,
    /// Which threads may be killed.
    killable: Vec<bool>,
}

type Body<S> = Rc<dyn Fn(&S)>;

/// A scenario in the making; [`right`](Self::right) or [`broken`](Self::broken) completes it.
#[must_use = "`right` or `broken` completes it"]
pub struct Builder<S> {
    make: Box<dyn Fn() -> S>,
    bodies: Vec<Body<S>>,
    deaths: Vec<Option<Body<S>>>,
    check: Body<S>,
    scenario: Scenario,
}

impl Scenario {
    /// A scenario whose threads share what `make` makes: a struct, whose fields name the words.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a scenario is complete when it says what must come of it"
    )]
    pub fn new<S: 'static>(name: &'static str, make: impl Fn() -> S + 'static) -> Builder<S> {
        Builder {
            make: Box::new(make),
            bodies: Vec::new(),
            deaths: Vec::new(),
            check: Rc::new(|_| ()),
            scenario: Self {
                name,
                expected: Expected::Right,
                parts: Vec::new(),
                toggles: Vec::new(),
                threads: 0,
                make: Box::new(|| unreachable!("replaced when the scenario is complete")),
                inside: Vec::new(),
                weak: false,
                spurious: 0,
                timeouts: 1,
                asleep: 0,
                killable: Vec::new(),
            },
        }
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many variants there are: one for each choice of orderings.
    #[must_use]
    pub fn variants(&self) -> usize {
        1 << self.toggles.len()
    }

    /// Whether a load may return an older value.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// The lines in which one thread may be at a time.
    #[must_use]
    pub fn inside(&self) -> &[Part] {
        &self.inside
    }

    /// How many threads sleep when the map begins.
    #[must_use]
    pub fn asleep(&self) -> usize {
        self.asleep
    }

    /// What the search of a variant must find: bit by bit, the toggles that are set.
    #[must_use]
    pub fn expected_of(&self, variant: usize) -> Expected {
        let set = (0..self.toggles.len()).filter(|i| variant >> i & 1 == 1);
        let expected = set.map(|i| self.toggles[i].expected);
        expected.fold(self.expected, |all, one| if all == Expected::Right { one } else { all })
    }

    pub(crate) fn make(&self) -> Program {
        (self.make)()
    }

    /// The rules of a variant.
    pub(crate) fn rules(&self, variant: usize) -> Rules {
        let set = (0..self.toggles.len()).filter(|i| variant >> i & 1 == 1);
        let weaker = set.map(|i| {
            let Toggle { file, text, from, to, .. } = self.toggles[i];
            let line = source::line_with(&self.parts, file, text)
                .unwrap_or_else(|error| panic!("{error}"));
            Weaker { file: file.into(), line, from, to }
        });
        let inside = self.inside.iter().map(|part| {
            let lines = source::lines_of(part.file, part.anchor);
            let lines = lines.unwrap_or_else(|error| panic!("{error}"));
            Region { file: part.file.into(), lines }
        });
        Rules {
            weak: self.weak,
            spurious: self.spurious,
            timeouts: self.timeouts,
            weaker: weaker.collect(),
            inside: inside.collect(),
            killable: self.killable.clone(),
        }
    }
}

impl<S: 'static> Builder<S> {
    /// Another thread, that does this.
    pub fn thread(mut self, body: impl Fn(&S) + 'static) -> Self {
        self.bodies.push(Rc::new(body));
        self
    }

    /// So many threads, that all do this.
    pub fn threads(mut self, n: usize, body: impl Fn(&S) + 'static) -> Self {
        let body: Body<S> = Rc::new(body);
        self.bodies.extend((0..n).map(|_| Rc::clone(&body)));
        self
    }

    /// Lets the thread that was added last be killed before any of its steps, once. Nothing of it
    /// runs after that, no destructor either; `after` runs in its place: what the system does for a
    /// thread that has died.
    ///
    /// # Panics
    ///
    /// If no thread was added yet.
    pub fn killable(mut self, after: impl Fn(&S) + 'static) -> Self {
        assert!(!self.bodies.is_empty(), "no thread was added that could be killed");
        self.deaths.resize_with(self.bodies.len() - 1, || None);
        self.deaths.push(Some(Rc::new(after)));
        self
    }

    /// What must hold when all threads have ended.
    pub fn check(mut self, check: impl Fn(&S) + 'static) -> Self {
        self.check = Rc::new(check);
        self
    }

    /// Lets loads return older values, as far as the orderings permit.
    pub fn weak(mut self) -> Self {
        self.scenario.weak = true;
        self
    }

    /// Lets each thread wake up spuriously that many times.
    pub fn spurious(mut self, times: u32) -> Self {
        self.scenario.spurious = times;
        self
    }

    /// Lets the time of each thread's waits with a deadline be up so many times; 1 unless said
    /// otherwise.
    pub fn timeouts(mut self, times: u32) -> Self {
        self.scenario.timeouts = times;
        self
    }

    /// Begins the map when the first `n` threads have fallen asleep, one after the other: how they
    /// came to that is no part of it. For mistakes that need a crowd.
    pub fn asleep(mut self, n: usize) -> Self {
        self.scenario.asleep = n;
        self
    }

    /// Shows this part of the source. Every operation of the threads must stand in a part that is
    /// shown.
    pub fn shows(mut self, file: &'static str, anchor: &'static str) -> Self {
        self.scenario.parts.push(Part { file, anchor, fold: None });
        self
    }

    /// Shows this part of `what`, which an earlier chapter has finished: a call of it is one step
    /// of the page, which can be unfolded.
    pub fn folds(mut self, what: &'static str, file: &'static str, anchor: &'static str) -> Self {
        self.scenario.parts.push(Part { file, anchor, fold: Some(what) });
        self
    }

    /// At most one thread may be about to do something in these lines.
    pub fn one_inside(mut self, file: &'static str, anchor: &'static str) -> Self {
        self.scenario.inside.push(Part { file, anchor, fold: None });
        self
    }

    /// Lets the reader replace an ordering, in the one line of `file` that is shown and has this
    /// `text`, and find that it is `expected` then.
    pub fn toggle(
        mut self,
        (file, text): (&'static str, &'static str),
        (from, to): (Ordering, Ordering),
        expected: Expected,
    ) -> Self {
        self.scenario.toggles.push(Toggle { file, text, from, to, expected });
        self
    }

    /// Complete: no run goes wrong.
    #[must_use]
    pub fn right(self) -> Scenario {
        self.finish(Expected::Right)
    }

    /// Complete: some run goes wrong, the shortest in this way.
    #[must_use]
    pub fn broken(self, kind: Kind) -> Scenario {
        self.finish(Expected::Broken(kind))
    }

    fn finish(self, expected: Expected) -> Scenario {
        let Self { make, bodies, mut deaths, check, scenario } = self;
        deaths.resize_with(bodies.len(), || None);
        assert!(!bodies.is_empty(), "`{}` has no thread", scenario.name);
        Scenario {
            expected,
            threads: bodies.len(),
            killable: deaths.iter().map(Option::is_some).collect(),
            make: Box::new(move || {
                let shared = Rc::new(make());
                let bind = |body: &Body<S>| -> Box<dyn FnOnce()> {
                    let (body, shared) = (Rc::clone(body), Rc::clone(&shared));
                    Box::new(move || body(&shared))
                };
                let bodies = bodies.iter().map(bind).collect();
                let deaths = deaths.iter().map(|death| death.as_ref().map(bind)).collect();
                Program { bodies, deaths, check: bind(&check) }
            }),
            ..scenario
        }
    }
}
