//! All runs of a scenario: the graph of its states.

use std::collections::HashMap;

use crate::graph::{Edge, Graph, Node, Place, Stand};
use crate::run::{Kept, Run};
use crate::scenario::Scenario;
use crate::source;
use crate::stack::Calls;
use crate::world::{self, Rules, Status};

/// A step: a thread, and which of its choices.
pub(crate) type Step = (usize, usize);

/// More states than a reader can view, or than a page can hold.
const MOST_STATES: usize = 200_000;

/// More steps than a small program makes: it goes round in a loop that does not wait.
const MOST_STEPS: usize = 500;

/// Plays a variant of a scenario through in every order. Variant 0 has the orderings of the source;
/// a bit that is set replaces the ordering of that toggle.
///
/// # Panics
///
/// If the scenario differs when it is repeated, or never ends.
#[must_use]
pub fn explore(scenario: &Scenario, variant: usize) -> Graph {
    let mut search = Search::new(scenario, variant);
    search.explore();
    search.graph.sorted()
}

/// Counts the complete runs of a variant one by one, without merging states: what [`explore`] must
/// agree with. For small programs.
#[must_use]
pub fn count_one_by_one(scenario: &Scenario, variant: usize) -> u128 {
    let rules = scenario.rules(variant);
    let mut kept = Kept::default();
    let mut count = 0;
    let mut open: Vec<Vec<Step>> = vec![Vec::new()];
    while let Some(mut path) = open.pop() {
        let mut run = Run::start(scenario, &rules, kept);
        for &step in &path {
            run.step(step);
        }
        loop {
            let choices = run.choices();
            let Some((&first, others)) = choices.split_first() else { break };
            for &other in others {
                open.push(path.iter().copied().chain([other]).collect());
            }
            path.push(first);
            run.step(first);
        }
        count += 1;
        kept = run.end();
    }
    count
}

struct Search<'a> {
    scenario: &'a Scenario,
    rules: Rules,
    kept: Kept,
    graph: Graph,
    /// The number of each state.
    known: HashMap<Vec<u64>, usize>,
    /// How to get to each state.
    paths: Vec<Vec<Step>>,
    calls: Calls,
    /// Steps that have not been made.
    open: Vec<(usize, Step)>,
}

impl<'a> Search<'a> {
    fn new(scenario: &'a Scenario, variant: usize) -> Self {
        Self {
            scenario,
            rules: scenario.rules(variant),
            kept: Kept::default(),
            graph: Graph::default(),
            known: HashMap::new(),
            paths: Vec::new(),
            calls: Calls::new(&scenario.parts),
            open: Vec::new(),
        }
    }

    fn explore(&mut self) {
        let mut run = self.start();
        self.graph.words = names();
        self.graph.named = world::with(|w| source::named(w.objects.iter().map(|o| &*o.made)));
        self.graph.asleep = asleep();
        // Each run goes on as long as it finds new states; the steps that it did not take are for
        // later.
        let mut here = self.visit(&mut run, Vec::new()).ok();
        while let Some((from, step)) = self.open.pop() {
            if here != Some(from) {
                self.kept = run.end();
                run = self.replay(from);
            }
            let place = self.graph.nodes[from].stands[step.0].place;
            let event = run.step(step);
            let path = self.paths[from].iter().copied().chain([step]).collect();
            let to = self.visit(&mut run, path);
            here = to.ok();
            let edge = Edge {
                thread: step.0,
                choice: step.1,
                place,
                object: event.object,
                text: event.text,
                stale: event.stale,
                death: event.death,
                to: to.unwrap_or_else(|known| known),
            };
            self.graph.nodes[from].add(edge);
        }
        self.kept = run.end();
    }

    /// A new run, up to a state that is known.
    fn replay(&mut self, state: usize) -> Run {
        let mut run = self.start();
        for &step in &self.paths[state] {
            run.step(step);
        }
        assert_eq!(
            self.known.get(&world::with(|w| w.key())),
            Some(&state),
            "`{}` does not do the same when it is played again",
            self.scenario.name,
        );
        run
    }

    fn start(&mut self) -> Run {
        Run::start(self.scenario, &self.rules, std::mem::take(&mut self.kept))
    }

    /// The state that the run is in: `Ok` if it is new.
    fn visit(&mut self, run: &mut Run, path: Vec<Step>) -> Result<usize, usize> {
        let key = world::with(|w| w.key());
        if let Some(&state) = self.known.get(&key) {
            return Err(state);
        }
        let state = self.graph.nodes.len();
        let name = self.scenario.name;
        assert!(
            state < MOST_STATES,
            "`{name}` has more than {MOST_STATES} states: make it smaller"
        );
        assert!(
            path.len() < MOST_STEPS,
            "`{name}` has made {MOST_STEPS} steps: does a loop wait without `yield_now`?"
        );
        self.known.insert(key, state);
        let choices = run.choices();
        let calls = &mut self.calls;
        let (values, stands) = world::with(|w| {
            let values = (0..w.objects.len()).map(|object| w.value(object)).collect();
            let stand = |thread: &world::Thread| {
                let (how, pending) = match thread.status {
                    Status::Ready(pending) => (Stand::READY, Some(pending)),
                    Status::Asleep(pending) => (Stand::ASLEEP, Some(pending)),
                    Status::Waiting(pending) => (Stand::WAITING, Some(pending)),
                    Status::Fresh | Status::Done => (Stand::DONE, None),
                };
                let place = pending.map(|p| Place { file: source::file(p.at), line: p.at.line() });
                let calls = place.map(|place| calls.of(&thread.frames, place)).unwrap_or_default();
                Stand { how, place, calls }
            };
            (values, w.threads.iter().map(stand).collect())
        });
        let verdict = if choices.is_empty() { run.conclude() } else { None };
        self.graph.nodes.push(Node { values, stands, edges: Vec::new(), verdict });
        self.paths.push(path);
        self.open.extend(choices.into_iter().rev().map(|step| (state, step)));
        Ok(state)
    }
}

/// The sleepers, and their words.
fn asleep() -> Vec<(usize, usize)> {
    world::with(|w| {
        let word = |thread: &world::Thread| match thread.status {
            Status::Asleep(pending) => pending.object,
            _ => None,
        };
        let sleepers = w.threads.iter().enumerate();
        sleepers.filter_map(|(t, thread)| Some((t, word(thread)?))).collect()
    })
}

/// The names and shapes of all words and cells.
fn names() -> Vec<(String, crate::shape::Shape)> {
    world::with(|w| {
        let names = source::names(w.objects.iter().map(|object| &*object.made));
        names.into_iter().zip(w.objects.iter().map(|object| object.shape)).collect()
    })
}
