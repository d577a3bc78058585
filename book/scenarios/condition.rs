//! The chapter on the condition.

use explorer::{Kind, Scenario};
use primitives::{Condition, Lock};

use super::shown;
use crate::listings::{if_for_while, mailbox, missed_ring};

struct Post {
    mailbox: missed_ring::Mailbox,
}

struct Letters {
    letters: Lock<u32>,
    arrived: Condition,
}

struct RightPost {
    mailbox: mailbox::Mailbox,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let bell = "book/listings/missed_ring.rs";
    let without_loop = "book/listings/if_for_while.rs";
    let right = "book/listings/mailbox.rs";
    let missed_ring =
        Scenario::new("missed-ring", || Post { mailbox: missed_ring::Mailbox::new() })
            .thread(|post| post.mailbox.fetch())
            .thread(|post| post.mailbox.deliver())
            .shows(bell, "mailbox")
            .shows(bell, "bell");
    // The one that sleeps, the one that is faster, the one that delivers.
    let if_for_while = Scenario::new("if-for-while", || Letters {
        letters: Lock::new(0),
        arrived: Condition::new(),
    })
    .asleep(1)
    .thread(|post| if_for_while::fetch(&post.letters, &post.arrived))
    .thread(|post| if_for_while::fetch_now(&post.letters))
    .thread(|post| if_for_while::deliver(&post.letters, &post.arrived))
    .shows(without_loop, "fetch")
    .shows(without_loop, "others");
    let mailbox = Scenario::new("mailbox", || RightPost { mailbox: mailbox::Mailbox::new() })
        .thread(|post| post.mailbox.fetch())
        .thread(|post| post.mailbox.deliver())
        .shows(right, "mailbox");
    vec![
        shown::lock(missed_ring).broken(Kind::LostWakeUp),
        shown::lock(shown::condition(if_for_while)).broken(Kind::Assertion),
        shown::lock(shown::condition(mailbox)).right(),
    ]
}
