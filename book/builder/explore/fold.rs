//! Whole calls as single steps: the reader's program, without the insides of what an earlier
//! chapter has finished.
//!
//! The folded graph is a part of the full one: its states are states of it, and a step of it is a
//! run of steps that one thread makes alone, from the call of a finished primitive until that call
//! returns or can do no more, because it sleeps. That loses interleavings, and must lose no
//! mistake: a graph that can break must break when it is folded, and one that cannot must not
//! ([`Graph::folded`] refuses otherwise). What is proved is proved of the full graph.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{ASLEEP, Edge, Graph, KINDS, Node};

/// A line: part, and row in there.
type Line = (usize, usize);

/// A call of something finished.
#[derive(PartialEq, Eq)]
struct Call {
    /// The calls around it, the last is the one that calls it.
    around: Vec<Line>,
    /// The part in which it stands.
    part: usize,
}

/// A graph of whole calls.
pub(super) struct Folded {
    pub(super) graph: Graph,
    /// The state of the full graph that each of its states is.
    pub(super) full: Vec<usize>,
    /// The words of which only the finished calls know.
    pub(super) hidden: Vec<usize>,
}

/// A run of steps of one thread, as state and step, and where it ends.
struct Run {
    steps: Vec<(usize, Edge)>,
    to: usize,
}

impl Graph {
    /// The same program with calls as steps; none if the scenario folds nothing.
    pub(super) fn folded(&self) -> Result<Option<Folded>, String> {
        if self.folds.iter().all(Option::is_none) {
            return Ok(None);
        }
        let folded = self.fold()?;
        if folded.graph.is_broken() != self.is_broken() {
            let (all, whole) = (self.is_broken(), folded.graph.is_broken());
            return Err(format!(
                "folded, it is another: broken {all}, and with whole calls as steps {whole}"
            ));
        }
        Ok(Some(folded))
    }

    fn fold(&self) -> Result<Folded, String> {
        let mut full = vec![0];
        let mut number = BTreeMap::from([(0, 0)]);
        let (mut nodes, mut labels) = (Vec::new(), Vec::new());
        let (mut places, mut calls, mut stacks) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(&state) = full.get(nodes.len()) {
            let mut edges: Vec<Edge> = Vec::new();
            for &edge in self.nodes[state].edges() {
                for run in self.runs(state, edge)? {
                    let to = *number.entry(run.to).or_insert_with(|| {
                        full.push(run.to);
                        full.len() - 1
                    });
                    let label = entry(&mut labels, self.name(state, &run)?);
                    let (thread, ..) = edge.parts();
                    let word = self.sleeps_on(&run).unwrap_or(edge.parts().2);
                    let step = Edge::marked((thread, label, word, to), edge.mark());
                    if !edges.iter().any(|other| other.parts() == step.parts()) {
                        edges.push(step);
                    }
                }
            }
            let mut stands = Vec::new();
            for (thread, &stand) in self.nodes[state].stands().iter().enumerate() {
                let mut around = self.calls_of(state, thread).to_vec();
                let place = match self.call(state, thread)? {
                    Some(mut call) => {
                        let line = call.around.pop();
                        around = call.around;
                        line
                    }
                    None => self.place(state, thread),
                };
                stands.push(match place {
                    Some(line) => {
                        let how = usize::try_from(stand).unwrap_or_default() % KINDS;
                        i64::try_from(KINDS * entry(&mut places, line) + how).unwrap_or(-1)
                    }
                    None => -1,
                });
                stacks.push(entry(&mut calls, around));
            }
            let values = self.nodes[state].values().to_vec();
            nodes.push(match self.nodes[state].verdict() {
                Some(verdict) => Node::Broken(values, stands, edges, verdict),
                None => Node::Sound(values, stands, edges),
            });
        }
        let mut graph = Graph { nodes, labels, places, calls, stacks, ..self.empty() };
        graph.interleavings = graph.ways().to_string();
        Ok(Folded { graph, full, hidden: self.hidden() })
    }

    /// The lines of a thread, from the outermost call inwards, with that of its operation.
    fn lines(&self, state: usize, thread: usize) -> Vec<Line> {
        let mut lines = self.calls_of(state, thread).to_vec();
        lines.extend(self.place(state, thread));
        lines
    }

    /// The outermost call of a finished primitive in which a thread is.
    fn call(&self, state: usize, thread: usize) -> Result<Option<Call>, String> {
        let lines = self.lines(state, thread);
        match lines.iter().position(|(part, _)| self.folds[*part].is_some()) {
            Some(0) => Err(format!(
                "no line that is shown calls `{}`: show the program of the threads",
                self.parts[lines[0].0].1
            )),
            Some(i) => Ok(Some(Call { around: lines[..i].to_vec(), part: lines[i].0 })),
            None => Ok(None),
        }
    }

    /// The runs that begin with a step: several, where there is something to choose on the way.
    fn runs(&self, state: usize, first: Edge) -> Result<Vec<Run>, String> {
        let (thread, .., to) = first.parts();
        let call = self.call(state, thread)?;
        let mut open = vec![Run { steps: vec![(state, first)], to }];
        let mut ended = Vec::new();
        while let Some(run) = open.pop() {
            let inside = call.is_some() && self.call(run.to, thread)? == call;
            let edges = self.nodes[run.to].edges().iter().filter(|edge| edge.parts().0 == thread);
            let edges = Vec::from_iter(edges.copied().filter(|_| inside));
            for &edge in &edges {
                let mut steps = run.steps.clone();
                steps.push((run.to, edge));
                open.push(Run { steps, to: edge.parts().3 });
            }
            if edges.is_empty() {
                ended.push(run);
            }
        }
        ended.reverse();
        Ok(ended)
    }

    /// The word on which the thread has fallen asleep at the end of a run.
    fn sleeps_on(&self, run: &Run) -> Option<i64> {
        let (_, last) = run.steps.last()?;
        let asleep = self.how(run.to, last.parts().0) == Some(ASLEEP);
        asleep.then_some(last.parts().2)
    }

    /// What a run does, in the words of a program.
    fn name(&self, state: usize, run: &Run) -> Result<String, String> {
        let (_, first) = run.steps[0];
        let (thread, ..) = first.parts();
        let Some(call) = self.call(state, thread)? else { return Ok(self.label(first)) };
        let labels = Vec::from_iter(run.steps.iter().map(|(_, edge)| self.label(*edge)));
        let asleep = self.how(run.to, thread) == Some(ASLEEP);
        let on = self.sleeps_on(run).and_then(|word| self.words.get(usize::try_from(word).ok()?));
        let on_call = on.is_some_and(|(word, _)| word.ends_with("sequence"));
        let woken = labels.iter().filter_map(|label| label.split_once("wake_one → "));
        let woken =
            Vec::from_iter(woken.chain(labels.iter().filter_map(|l| l.split_once("wake_all → "))));
        let woken = woken.iter().map(|(_, who)| *who).find(|who| *who != "no thread");
        let fell_asleep = labels.iter().any(|label| label.contains("sequence.wait("));
        let what = self.folds[call.part].as_deref().unwrap_or_default();
        let anchor = &*self.parts[call.part].1;
        let of = self.whose(run, what);
        let (act, result) = match (what, anchor) {
            ("lock", "release") => (format!("free the lock{of}"), String::new()),
            ("lock", _) if asleep => (format!("take the lock{of}"), "taken: sleeps".into()),
            ("lock", _) => (format!("take the lock{of}"), "has it".into()),
            ("condition", "notify") if woken.is_none() => {
                (format!("call{of}"), "no thread sleeps".into())
            }
            ("condition", "notify") => (format!("call{of}"), String::new()),
            ("condition", _) if on_call => {
                (format!("wait for a call{of}"), "frees the lock and sleeps".into())
            }
            ("condition", _) if fell_asleep => (format!("wait for a call{of}"), "goes on".into()),
            ("condition", _) if asleep => ("wake up".into(), "the lock is taken: sleeps".into()),
            ("condition", _) => ("wake up".into(), "has the lock again".into()),
            ("queue", "is-empty") => ("look whether it is empty".into(), String::new()),
            ("queue", "put-until") if asleep => ("put an item".into(), "sleeps".into()),
            ("queue", "put-until") => ("put an item".into(), String::new()),
            ("queue", _) if on_call => ("take an item".into(), "there is none: sleeps".into()),
            ("queue", _) if asleep => ("take an item".into(), "sleeps".into()),
            ("queue", _) => ("take an item".into(), "has one".into()),
            _ => return Err(format!("no words for a call of the {what} at `{anchor}`")),
        };
        let woken = woken.map(|who| format!("wakes {who}"));
        let results = [(!result.is_empty()).then_some(result), woken];
        let result = Vec::from_iter(results.into_iter().flatten()).join(", ");
        Ok(if result.is_empty() { act } else { format!("{act} → {result}") })
    }

    /// Of which one, where there are several of a kind: of the lock of Ann.
    fn whose(&self, run: &Run, what: &str) -> String {
        let word = run.steps.iter().find_map(|(_, edge)| {
            let (word, _) = self.words.get(usize::try_from(edge.parts().2).ok()?)?;
            Some(&**word)
        });
        let end = if what == "lock" { ".raw.state" } else { ".sequence" };
        let many = self.words.iter().filter(|(name, _)| name.ends_with(end)).count() > 1;
        match word.filter(|_| many).and_then(|word| word.split('.').next()) {
            Some(name) => format!(" of {name}"),
            None => String::new(),
        }
    }

    /// The words that only finished calls touch; but not those of a lock, which say whether it is
    /// taken.
    fn hidden(&self) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        for (state, node) in self.nodes.iter().enumerate() {
            for edge in node.edges() {
                let (thread, _, word, _) = edge.parts();
                let Ok(word) = usize::try_from(word) else { continue };
                let place = self.place(state, thread);
                let what = place.and_then(|(part, _)| self.folds[part].as_deref());
                if what.is_none_or(|what| what == "lock") {
                    seen.insert(word);
                }
            }
        }
        (0..self.words.len()).filter(|word| !seen.contains(word)).collect()
    }
}

/// The number of an entry in a table, to which it is added if it is new.
fn entry<T: PartialEq>(table: &mut Vec<T>, new: T) -> usize {
    table.iter().position(|old| *old == new).unwrap_or_else(|| {
        table.push(new);
        table.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;

    /// One thread takes a lock in two operations and ends; `around` is the call in the program.
    fn graph(around: &str, verdict: &str) -> Graph {
        let text = format!(
            r#"{{ "weak": false, "threads": 1, "parts": [["p.rs", "program"], ["lock.rs", "acquire"]],
            "folds": [null, "lock"], "toggles": [], "interleavings": "1", "words": [["state", "number"]],
            "places": [[1, 0], [1, 3]], "calls": [[{around}], []], "stacks": [0, 0, 1],
            "labels": ["load → 0", "swap(1) → 0"], "verdicts": [["Wrong", "it is"]],
            "nodes": [[[0],[0],[[0,0,0,1]]], [[0],[3],[[0,1,0,2]]], [[1],[-1],[]{verdict}]] }}"#
        );
        serde_json::from_str::<Graph>(&text).unwrap().with_whole_labels()
    }

    #[test]
    fn a_call_is_one_step_from_the_line_that_calls() {
        let graph = graph("[0, 2]", "");
        let folded = graph.folded().unwrap().unwrap();
        assert_eq!(folded.full, [0, 2], "the state between the two operations is inside");
        let edge = folded.graph.nodes[0].edges()[0];
        assert_eq!(folded.graph.label(edge), "take the lock → has it");
        assert_eq!(folded.graph.place(0, 0), Some((0, 2)));
        assert_eq!(folded.graph.ways(), 1);
    }

    #[test]
    fn a_mistake_is_not_lost_and_a_program_that_is_not_shown_is_refused() {
        assert!(graph("[0, 2]", ",0").folded().unwrap().unwrap().graph.is_broken());
        let error = graph("", "").folded().err().unwrap();
        assert!(error.starts_with("no line that is shown calls `acquire`"), "{error}");
    }
}
