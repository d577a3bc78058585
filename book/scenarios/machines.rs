//! A message that two workers claim, one after the other, because the first is slow.

use explorer::{Kind, Scenario};

use crate::listings::sent_twice;
use crate::listings::sent_twice::Server;

const TWICE: &str = "book/listings/sent_twice.rs";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("sent-twice", Server::new)
            .threads(2, sent_twice::worker)
            .thread(Server::give_back)
            .check(|server| assert!(server.letters() < 2, "the letter was sent twice"))
            .shows(TWICE, "worker")
            .shows(TWICE, "clock")
            .shows(TWICE, "server")
            .broken(Kind::Assertion),
        Scenario::new("sent-once", Server::new)
            .threads(2, sent_twice::idempotent_worker)
            .thread(Server::give_back)
            .check(|server| assert!(server.letters() < 2, "the letter was sent twice"))
            .shows(TWICE, "once")
            .shows(TWICE, "clock")
            .shows(TWICE, "server")
            .right(),
    ]
}
