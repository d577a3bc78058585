//! A scenario: a small program as a set of roles, its final condition, and what it must reach.

use std::panic::Location;
use std::sync::Arc;

use crate::kind::Kind;
use crate::world::reach::Reach;
use crate::world::trace::{self, What};
use crate::{coins, thread, world};

/// loom has five threads, and the coins need one.
const MOST_THREADS: usize = 4;

/// A small program that is explored with the main thread in each of its roles in turn.
///
/// loom loses some interleavings, and which ones depends on the thread that does what: a lazily
/// initialised cell with a plain data race passes if the _main_ thread is the reader. Hence the
/// roles: main always takes all of them.
pub struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) roles: Vec<&'static str>,
    /// The threads that these start, in order.
    pub(crate) starts: Vec<&'static str>,
    /// The roles that main takes: the first of each kind.
    pub(crate) rotations: Vec<usize>,
    pub(crate) bound: Option<usize>,
    pub(crate) spurious: u32,
    pub(crate) timeouts: u32,
    pub(crate) deaths: u32,
    pub(crate) spin: bool,
    pub(crate) impatient: bool,
    pub(crate) must_reach: Vec<Reach>,
    pub(crate) must_fail: Option<Kind>,
    /// Whether it is small enough to run all its interleavings.
    pub(crate) counted: bool,
    /// Runs one execution, with main in this role.
    pub(crate) execute: Arc<dyn Fn(usize) + Send + Sync>,
}

/// A scenario under construction.
pub struct Draft<T> {
    name: &'static str,
    about: &'static str,
    setup: Arc<dyn Fn() -> T + Send + Sync>,
    roles: Vec<Role<T>>,
    rotations: Vec<usize>,
    /// The threads that the roles start.
    starts: Vec<&'static str>,
    check: Arc<dyn Fn(&T) + Send + Sync>,
    bound: Option<Option<usize>>,
    spurious: u32,
    timeouts: u32,
    deaths: u32,
    spin: bool,
    impatient: bool,
    must_reach: Vec<Reach>,
    must_fail: Option<Kind>,
    counted: bool,
}

struct Role<T> {
    name: &'static str,
    part: Arc<dyn Fn(&T) + Send + Sync>,
}

impl<T> Clone for Role<T> {
    fn clone(&self) -> Self {
        Self { name: self.name, part: Arc::clone(&self.part) }
    }
}

impl Scenario {
    /// A scenario: its name on the command line, what it shows, and how to make the shared state.
    ///
    /// ```ignore
    /// Scenario::new("two-add", "Two threads add one each under the lock.", || Lock::new(0))
    ///     .roles(2, "adds", |lock| *lock.lock() += 1)
    ///     .check(|lock| assert_eq!(*lock.lock(), 2))
    ///     .reaches([Slept, Woken])
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "a scenario is finished by adding it to a group")]
    pub fn new<T, F>(name: &'static str, about: &'static str, setup: F) -> Draft<T>
    where
        F: Fn() -> T + Send + Sync + 'static,
    {
        Draft {
            name,
            about,
            setup: Arc::new(setup),
            roles: Vec::new(),
            rotations: Vec::new(),
            starts: Vec::new(),
            check: Arc::new(|_| ()),
            bound: None,
            spurious: 1,
            timeouts: 1,
            deaths: 0,
            spin: false,
            impatient: false,
            must_reach: Vec::new(),
            must_fail: None,
            counted: false,
        }
    }
}

impl<T: Send + Sync + 'static> Draft<T> {
    /// Adds a thread and its work.
    #[must_use]
    pub fn role(self, name: &'static str, part: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.roles(1, name, part)
    }

    /// Adds `n` threads that do the same. Main takes the role once, because the threads are equal.
    #[must_use]
    pub fn roles(
        mut self,
        n: usize,
        name: &'static str,
        part: impl Fn(&T) + Send + Sync + 'static,
    ) -> Self {
        self.rotations.push(self.roles.len());
        let role = Role { name, part: Arc::new(part) as Arc<dyn Fn(&T) + Send + Sync> };
        self.roles.extend(std::iter::repeat_n(role, n));
        self
    }

    /// Adds a thread that a role starts. Main never takes its part. It counts as one of four
    /// threads, and can wake up spuriously and time out like any other.
    #[must_use]
    pub fn starts(mut self, name: &'static str) -> Self {
        self.starts.push(name);
        self
    }

    /// The condition when all threads have ended.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.check = Arc::new(check);
        self
    }

    /// What some execution must reach; otherwise the scenario does not show what it says.
    #[must_use]
    pub fn reaches(mut self, what: impl IntoIterator<Item = Reach>) -> Self {
        self.must_reach.extend(what);
        self
    }

    /// Explores at most this many preemptions in an execution. The default is any number with two
    /// threads, and three with more.
    #[must_use]
    pub fn bound(mut self, preemptions: Option<usize>) -> Self {
        self.bound = Some(preemptions);
        self
    }

    /// How many spurious wake-ups each thread may have. The default is one.
    #[must_use]
    pub fn spurious(mut self, n: u32) -> Self {
        self.spurious = n;
        self
    }

    /// How many waits of each thread may time out while another thread could still wake it. The
    /// default is one.
    #[must_use]
    pub fn timeouts(mut self, n: u32) -> Self {
        self.timeouts = n;
        self
    }

    /// Lets each thread be killed once, before any of its operations in
    /// [`may_die`](crate::may_die).
    #[must_use]
    pub fn mortal(mut self) -> Self {
        self.deaths = 1;
        self
    }

    /// Lets every spin look once, so that its orderings are executed too. By default spins do not
    /// look.
    #[must_use]
    pub fn spinning(mut self) -> Self {
        self.spin = true;
        self
    }

    /// Lets every wait that asks whether it has lasted too long hear that it has. Otherwise none
    /// has.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.impatient = true;
        self
    }

    /// Also counts it by brute force: `cargo model --coverage` runs all its interleavings, and says
    /// how many of them loom reaches. For small scenarios: two threads with an operation each.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.counted = true;
        self
    }

    /// Inverts it: the scenario has a mistake, and the model must find it.
    #[must_use]
    pub fn must_fail(mut self, kind: Kind) -> Self {
        self.must_fail = Some(kind);
        self
    }
}

impl<T: Send + Sync + 'static> From<Draft<T>> for Scenario {
    fn from(draft: Draft<T>) -> Self {
        let Draft { name, about, setup, roles, rotations, starts, check, .. } = draft;
        let threads = roles.len() + starts.len();
        assert!(
            !roles.is_empty() && threads <= MOST_THREADS,
            "scenario `{name}` has {threads} threads: loom can do with 1 to {MOST_THREADS}",
        );
        let default_bound = (threads > 2).then_some(3);
        Self {
            name,
            about,
            roles: roles.iter().map(|role| role.name).collect(),
            starts: starts.clone(),
            rotations,
            bound: draft.bound.unwrap_or(default_bound),
            spurious: draft.spurious,
            timeouts: draft.timeouts,
            deaths: draft.deaths,
            spin: draft.spin,
            impatient: draft.impatient,
            must_reach: draft.must_reach,
            must_fail: draft.must_fail,
            counted: draft.counted,
            execute: Arc::new(move |first| execute(&*setup, &roles, starts.len(), &*check, first)),
        }
    }
}

impl Scenario {
    /// Which role each thread plays, by number, when main plays the role `first`.
    pub(crate) fn cast(&self, first: usize) -> Vec<&'static str> {
        (0..self.roles.len())
            .map(|thread| self.roles[(first + thread) % self.roles.len()])
            .chain(self.starts.iter().copied())
            .collect()
    }
}

/// One execution.
fn execute<T: Send + Sync + 'static>(
    setup: &dyn Fn() -> T,
    roles: &[Role<T>],
    starts: usize,
    check: &dyn Fn(&T),
    first: usize,
) {
    world::with(world::World::next_execution);
    thread::main_begins();
    coins::mint(roles.len() + starts);

    // std's Arc and not loom's: starting and joining the threads already gives its ordering.
    let shared = Arc::new(setup());
    world::with(|w| w.trace.setup = w.trace.events.len());
    let others: Vec<_> = (1..roles.len())
        .map(|thread| {
            let role = roles[(first + thread) % roles.len()].clone();
            let shared = Arc::clone(&shared);
            thread::spawn(move || (role.part)(&shared))
        })
        .collect();
    (roles[first].part)(&shared);
    for other in others {
        other.join().expect("a panic in any thread has ended the execution");
    }

    let at = Location::caller();
    trace::row(at, None, What::Check);
    check(&shared);
    drop(shared);
    thread::main_ends();
}

/// The scenarios of one primitive, and the tests that go with them.
pub struct Group {
    pub(crate) name: &'static str,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) tests: Vec<(&'static str, fn())>,
}

impl Group {
    /// A group without scenarios: the name of a primitive.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, scenarios: Vec::new(), tests: Vec::new() }
    }

    /// `group/name` of all that is in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let scenarios = self.scenarios.iter().map(|scenario| scenario.name);
        scenarios
            .chain(self.tests.iter().map(|test| test.0))
            .map(|name| format!("{}/{name}", self.name))
    }

    /// Adds a scenario.
    #[must_use]
    pub fn scenario(mut self, scenario: impl Into<Scenario>) -> Self {
        self.scenarios.push(scenario.into());
        self
    }

    /// Adds a test of another kind: a function that panics if something is wrong.
    #[must_use]
    pub fn test(mut self, name: &'static str, test: fn()) -> Self {
        self.tests.push((name, test));
        self
    }
}
