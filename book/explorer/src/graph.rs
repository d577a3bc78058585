//! The graph of a scenario's states: what the page draws.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::shape::Shape;
use crate::verdict::{Kind, Verdict};

/// A line of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// [`READY`](Self::READY), [`ASLEEP`](Self::ASLEEP), [`WAITING`](Self::WAITING) or
    /// [`DONE`](Self::DONE).
    pub how: u32,
    /// The line of its next operation, or of the one that it sleeps or waits in.
    pub place: Option<Place>,
    /// The lines of the calls in which it is, from the outermost inwards, as far as they are shown.
    pub calls: Vec<Place>,
}

impl Stand {
    /// It is about to do what stands there.
    pub const READY: u32 = 0;
    /// It sleeps on a word.
    pub const ASLEEP: u32 = 1;
    /// It waits in a loop for a change.
    pub const WAITING: u32 = 2;
    /// It has ended.
    pub const DONE: u32 = 3;
}

/// A step from one state to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The thread that makes it.
    pub thread: usize,
    /// Which of its choices it is.
    pub choice: usize,
    /// Where in the source.
    pub place: Option<Place>,
    /// The word or cell.
    pub object: Option<usize>,
    /// The operation and what came of it.
    pub text: String,
    /// An older value was read.
    pub stale: bool,
    /// The thread is killed.
    pub death: bool,
    /// The state that it leads to.
    pub to: usize,
}

/// A state.
#[derive(Clone, Debug)]
pub struct Node {
    /// What each word and cell holds; `None` for what cannot be shown.
    pub values: Vec<Option<u64>>,
    /// Where each thread stands.
    pub stands: Vec<Stand>,
    /// The steps that can be made. None at an end.
    pub edges: Vec<Edge>,
    /// What is wrong.
    pub verdict: Option<Verdict>,
}

impl Node {
    /// Adds a step, unless an equal one exists: two older values that make no
    /// difference.
    pub(crate) fn add(&mut self, edge: Edge) {
        let same = |e: &Edge| (e.thread, e.to, &*e.text) == (edge.thread, edge.to, &*edge.text);
        if !self.edges.iter().any(same) {
            self.edges.push(edge);
        }
    }

    /// Whether the program can do nothing more here, and nothing is wrong.
    #[must_use]
    pub fn is_good_end(&self) -> bool {
        self.edges.is_empty() && self.verdict.is_none()
    }
}

/// All states of a scenario; the first is the start.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The names of the words and cells, and what they hold.
    pub words: Vec<(String, Shape)>,
    /// The names that the source has for what each word holds, from 0 on, where it has some.
    pub named: Vec<Vec<String>>,
    /// The sleepers at the start, and their words.
    pub asleep: Vec<(usize, usize)>,
    /// The states.
    pub nodes: Vec<Node>,
}

impl Graph {
    /// The same graph, each state numbered when it is first met on a walk in breadth: however the
    /// search went, the same scenario gives the same file.
    pub(crate) fn sorted(mut self) -> Self {
        for node in &mut self.nodes {
            node.edges.sort_by_key(|edge| (edge.thread, edge.choice));
        }
        let order = self.walk();
        let mut number = vec![0; self.nodes.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old] = new;
        }
        let mut nodes = Vec::from_iter(self.nodes.into_iter().map(Some));
        let nodes = order.iter().map(|&old| {
            let mut node = nodes[old].take().expect("each state is met once");
            for edge in &mut node.edges {
                edge.to = number[edge.to];
            }
            node
        });
        Self { nodes: nodes.collect(), ..self }
    }

    /// The states, each when it is first met.
    fn walk(&self) -> Vec<usize> {
        let mut met = BTreeSet::from([0]);
        let mut order = vec![0];
        let mut next = 0;
        while let Some(&state) = order.get(next) {
            next += 1;
            order.extend(self.nodes[state].edges.iter().map(|e| e.to).filter(|&to| met.insert(to)));
        }
        order
    }

    /// Without the words that no thread ever touches: the rest of a larger object.
    fn without_idle_words(&self) -> Self {
        let edges = self.nodes.iter().flat_map(|node| &node.edges);
        let touched: BTreeSet<usize> = edges
            .filter_map(|edge| edge.object)
            .chain(self.asleep.iter().map(|&(_, word)| word))
            .collect();
        let number = |word| touched.iter().position(|&other| other == word);
        let mut graph = self.clone();
        graph.words = touched.iter().map(|&word| self.words[word].clone()).collect();
        graph.named = touched.iter().map(|&word| self.named[word].clone()).collect();
        for (_, word) in &mut graph.asleep {
            *word = number(*word).expect("it sleeps there");
        }
        for node in &mut graph.nodes {
            node.values = touched.iter().map(|&word| node.values[word]).collect();
            for edge in &mut node.edges {
                edge.object = edge.object.and_then(number);
            }
        }
        graph
    }

    /// How many ways there are from the start to an end.
    #[must_use]
    pub fn interleavings(&self) -> u128 {
        // No step leads back, for every step adds to a history.
        fn ways(graph: &Graph, state: usize, known: &mut [Option<u128>]) -> u128 {
            if let Some(ways) = known[state] {
                return ways;
            }
            let edges = &graph.nodes[state].edges;
            let sum = edges.iter().map(|edge| ways(graph, edge.to, known)).sum();
            let sum = if edges.is_empty() { 1 } else { sum };
            known[state] = Some(sum);
            sum
        }
        ways(self, 0, &mut vec![None; self.nodes.len()])
    }

    /// The shortest way to something wrong, as state and step; the first of the shortest.
    #[must_use]
    pub fn shortest_failure(&self) -> Option<Vec<(usize, usize)>> {
        let mut came_from = vec![None; self.nodes.len()];
        let mut open = VecDeque::from([0]);
        while let Some(state) = open.pop_front() {
            if self.nodes[state].verdict.is_some() {
                let mut way = Vec::new();
                let mut here = state;
                while let Some((from, edge)) = came_from[here] {
                    way.push((from, edge));
                    here = from;
                }
                way.reverse();
                return Some(way);
            }
            for (i, edge) in self.nodes[state].edges.iter().enumerate() {
                if edge.to != 0 && came_from[edge.to].is_none() {
                    came_from[edge.to] = Some((state, i));
                    open.push_back(edge.to);
                }
            }
        }
        None
    }

    /// The kinds of mistakes that there are.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.nodes.iter().filter_map(|node| Some(node.verdict.as_ref()?.kind)).collect()
    }

    /// The kind of mistake at the end of the shortest way to one.
    #[must_use]
    pub fn first_kind(&self) -> Option<Kind> {
        let way = self.shortest_failure()?;
        let end = way.last().map_or(0, |&(state, edge)| self.nodes[state].edges[edge].to);
        Some(self.nodes[end].verdict.as_ref()?.kind)
    }

    /// The lines at which threads stand.
    #[must_use]
    pub fn places(&self) -> BTreeSet<Place> {
        let stands = self.nodes.iter().flat_map(|node| &node.stands);
        stands.filter_map(|stand| stand.place).collect()
    }

    /// The values of all words at the good ends: the outcomes of a litmus test.
    #[must_use]
    pub fn outcomes(&self) -> BTreeSet<Vec<u64>> {
        let ends = self.nodes.iter().filter(|node| node.is_good_end());
        ends.map(|node| node.values.iter().map(|value| value.unwrap_or(0)).collect()).collect()
    }

    /// The graph as JSON, a state a line, so that a difference between two versions can be read.
    ///
    /// ```text
    /// state:   [values, stands, steps]  or  [values, stands, steps, verdict]
    /// stand:   -1 for a thread that has ended; otherwise 3 * place + (0 ready, 1 asleep, 2 waiting)
    /// step:    [thread, label, word or -1, state]  and after it a 1 if an older value was read,
    ///          or a 2 if the thread is killed
    /// ```
    ///
    /// The table `calls` has the calls in which a thread may be, each a list of places from the
    /// outermost inwards, and `stacks`, for each state and each thread, the number of its list. The
    /// table `named` has, by the number of a word, the names of what it holds.
    ///
    /// Places, labels and verdicts are numbers of entries in tables of the same names. Before the
    /// tables stands the `head`. What the table of places holds `locate` says. Words that no thread
    /// touches are left out.
    #[must_use]
    pub fn json(&self, head: &[(&str, Value)], locate: impl Fn(&Place) -> Value) -> String {
        self.without_idle_words().json_of_all(head, locate)
    }

    fn json_of_all(&self, head: &[(&str, Value)], locate: impl Fn(&Place) -> Value) -> String {
        let places = Vec::from_iter(self.places());
        let mut labels = Vec::new();
        let mut verdicts = Vec::new();
        let mut nodes = String::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let comma = if i + 1 < self.nodes.len() { "," } else { "" };
            let _ = writeln!(nodes, "{}{comma}", node.json(&places, &mut labels, &mut verdicts));
        }
        let words = self.words.iter().map(|(name, shape)| {
            let shape = match shape {
                Shape::Bool => "flag",
                Shape::Number(_) => "number",
                Shape::Pointer => "pointer",
                Shape::Opaque => "data",
            };
            json!([name, shape])
        });
        let places = places.iter().map(&locate);
        let mut calls: Vec<Vec<Place>> = Vec::new();
        let stands = self.nodes.iter().flat_map(|node| &node.stands);
        let stacks = Vec::from_iter(stands.map(|stand| entry(&mut calls, &stand.calls)));
        let calls = calls.iter().map(|calls| calls.iter().map(&locate).collect::<Value>());
        let named = self.named.iter().enumerate().filter(|(_, names)| !names.is_empty());
        let named = named.map(|(word, names)| (word.to_string(), json!(names)));
        let tables = [
            ("interleavings", json!(self.interleavings().to_string())),
            ("words", words.collect()),
            ("places", places.collect()),
            ("calls", calls.collect()),
            ("stacks", json!(stacks)),
            ("named", Value::Object(named.collect())),
            ("labels", json!(labels)),
            ("verdicts", verdicts.iter().map(|v| json!([v.kind.title(), v.what])).collect()),
        ];
        let asleep = (!self.asleep.is_empty()).then(|| ("asleep", json!(self.asleep)));
        let mut text = "{\n".to_owned();
        for (name, value) in head.iter().chain(&asleep).chain(&tables) {
            let _ = writeln!(text, "{}: {value},", json!(name));
        }
        let _ = write!(text, "\"nodes\": [\n{nodes}]\n}}\n");
        text
    }
}

impl Node {
    fn json(
        &self,
        places: &[Place],
        labels: &mut Vec<String>,
        verdicts: &mut Vec<Verdict>,
    ) -> Value {
        let stands = self.stands.iter().map(|stand| {
            let place = stand.place.and_then(|place| places.binary_search(&place).ok());
            place.map_or(json!(-1), |place| json!(3 * place + stand.how as usize))
        });
        let edges = self.edges.iter().map(|edge| {
            let object = edge.object.map_or(json!(-1), |object| json!(object));
            let label = entry(labels, &edge.text);
            let mut step = vec![json!(edge.thread), json!(label), object, json!(edge.to)];
            if edge.stale {
                step.push(json!(1));
            }
            if edge.death {
                step.push(json!(2));
            }
            Value::from(step)
        });
        let mut node =
            vec![json!(self.values), stands.collect::<Value>(), edges.collect::<Value>()];
        if let Some(verdict) = &self.verdict {
            node.push(json!(entry(verdicts, verdict)));
        }
        node.into()
    }
}

/// The number of an entry in a table, to which it is added if it is new.
fn entry<T: PartialEq + Clone>(table: &mut Vec<T>, new: &T) -> usize {
    table.iter().position(|old| old == new).unwrap_or_else(|| {
        table.push(new.clone());
        table.len() - 1
    })
}
