//! The workspace itself: no crate has a circle among its modules, and no arrow in a shipped crate
//! leads upward.

use std::fs;
use std::path::{Path, PathBuf};

use watchdog as _;

use floors::{circles, crate_of, declared, members, upward};

/// The rooms of `deadlock`, the lowest first. The other floors of a crate are the modules of its
/// root file.
const ROOMS: &[&str] = &[
    "deadlock::memory",
    "deadlock::state",
    "deadlock::graph",
    "deadlock::verdict",
    "deadlock::face",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_path_buf()
}

#[test]
fn no_crate_has_a_circle_among_its_modules() {
    let root = root();
    let members = members(&root).unwrap();
    assert!(members.iter().any(|member| member.name == "primitives"), "{members:?}");
    let mut found = String::new();
    for member in members {
        let file = member.file.display();
        for circle in circles(&crate_of(&root, &member.file).unwrap()) {
            found += &format!("{} ({file}):\n", member.name);
            for arrow in circle {
                found += &format!("  {}: `{}` leans on `{}`\n", arrow.at, arrow.from, arrow.to);
            }
        }
    }
    assert!(found.is_empty(), "circles among modules:\n{found}");
}

#[test]
fn in_what_ships_no_arrow_leads_upward() {
    for name in ["primitives", "queues", "queues/processes", "queues/tasks"] {
        let file = Path::new(name).join("src/lib.rs");
        let found = crate_of(&root(), &file).unwrap();
        let mut floors = declared(&fs::read_to_string(root().join(&file)).unwrap());
        assert!(floors.len() > 5, "{name}: {floors:?}");
        if let Some(deadlock) = floors.iter().position(|floor| floor == "deadlock") {
            floors.splice(deadlock..deadlock, ROOMS.iter().map(|&room| room.to_owned()));
        }
        let complaints = upward(&found, &floors);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
