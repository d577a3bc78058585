//! A message that two workers claim, one after the other, because the first is slow.

use explorer::{Kind, Scenario};

use crate::listings::visibility;
use crate::listings::visibility::Server;

const VISIBILITY: &str = "book/listings/visibility.rs";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("sent-twice", Server::new)
            .threads(2, visibility::worker)
            .thread(Server::give_back)
            .check(|server| assert!(server.letters() < 2, "the letter was sent twice"))
            .shows(VISIBILITY, "worker")
            .shows(VISIBILITY, "server")
            .broken(Kind::Assertion),
        Scenario::new("sent-once", Server::new)
            .threads(2, visibility::idempotent_worker)
            .thread(Server::give_back)
            .check(|server| assert!(server.letters() < 2, "the letter was sent twice"))
            .shows(VISIBILITY, "once")
            .shows(VISIBILITY, "server")
            .right(),
    ]
}
