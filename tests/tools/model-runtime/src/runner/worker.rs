//! The process that runs scenarios: reads jobs from standard input, writes replies to standard
//! output, each a line of JSON.

use std::io::{self, BufRead, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{process, thread};

use super::{Job, Reply, TestOutcome};
use crate::explore::explore;
use crate::options::Options;
use crate::panicked::quietly;
use crate::scenario::Group;

/// Answers jobs. When no more jobs can come, because the runner is done or dead, the process ends
/// at once.
pub(super) fn serve(groups: &[Group]) {
    let (sender, jobs) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let job: Job = serde_json::from_str(&line).expect("the runner writes jobs");
            if sender.send(job).is_err() {
                break;
            }
        }
        process::exit(0);
    });
    for job in jobs {
        let reply = serde_json::to_string(&answer(groups, &job)).expect("a reply has nothing odd");
        let mut out = io::stdout().lock();
        if writeln!(out, "{reply}").and_then(|()| out.flush()).is_err() {
            return; // the runner has gone
        }
    }
}

fn answer(groups: &[Group], job: &Job) -> Reply {
    let (group, name) = job.name.split_once('/').expect("jobs are called group/name");
    let group = groups.iter().find(|g| g.name == group).expect("the runner knows the groups");
    if let Some(scenario) = group.scenarios.iter().find(|scenario| scenario.name == name) {
        let mutant = job.mutant.as_deref().map(|mutant| mutant.parse().expect("checked before"));
        let options = Options {
            mutant,
            most_executions: job.most_executions,
            most_time: job.most_seconds.map(Duration::from_secs_f64),
            no_trace: job.no_trace,
        };
        return Reply::Outcome(Box::new(explore(group.name, scenario, &options)));
    }
    let test =
        group.tests.iter().find(|test| test.0 == name).expect("the runner knows the tests").1;
    let began = Instant::now();
    let panicked = quietly(test);
    Reply::Test(TestOutcome {
        scenario: job.name.clone(),
        seconds: began.elapsed().as_secs_f64(),
        error: panicked.map(|it| format!("{}:{}: {}", it.file, it.line, it.message)),
    })
}
