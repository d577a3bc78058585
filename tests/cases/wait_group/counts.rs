//! A handle that comes and goes.

use primitives::WaitGroup;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("WaitGroup: clone + drop").of("ours", &WaitGroup::new(), |group| drop(group.clone()));
}
