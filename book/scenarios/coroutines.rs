//! The chapter on coroutines.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{AcqRel, SeqCst};

use crate::listings::{early_waker, late_waker};

const LATE: &str = "book/listings/late_waker.rs";
const EARLY: &str = "book/listings/early_waker.rs";

struct Late {
    mailbox: late_waker::Mailbox,
}

struct Early {
    mailbox: early_waker::Mailbox,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let coroutine = (EARLY, "// so that the waker is seen");
    let thread = (EARLY, "// so that the letter is seen");
    vec![
        Scenario::new("late-waker", || Late { mailbox: late_waker::Mailbox::new() })
            .thread(|post| assert_eq!(post.mailbox.run(), 7))
            .thread(|post| post.mailbox.deliver(7))
            .shows(LATE, "mailbox")
            .broken(Kind::Deadlock),
        Scenario::new("early-waker", || Early { mailbox: early_waker::Mailbox::new() })
            .thread(|post| assert_eq!(post.mailbox.run(), 7))
            .thread(|post| post.mailbox.deliver(7))
            .weak()
            .shows(EARLY, "mailbox")
            .toggle(coroutine, (SeqCst, AcqRel), Broken(Kind::Deadlock))
            .toggle(thread, (SeqCst, AcqRel), Broken(Kind::Deadlock))
            .right(),
    ]
}
