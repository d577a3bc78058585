//! The check finds what it should: a circle, a circle by the crate's front, one within a macro
//! call, an upward arrow, and a module without a floor. In a correct crate it finds nothing.

use std::path::Path;

use watchdog as _;

use floors::{Crate, circles, crate_of, declared, upward};

fn fixture(name: &str) -> Crate {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    crate_of(&root, Path::new("src/lib.rs")).unwrap()
}

/// The circles of a fixture, each as `from -> to (file:line)` lines.
fn circles_of(name: &str) -> Vec<Vec<String>> {
    let shown = |circle: Vec<floors::Arrow>| {
        circle.iter().map(|a| format!("{} -> {} ({})", a.from, a.to, a.at)).collect()
    };
    circles(&fixture(name)).into_iter().map(shown).collect()
}

#[test]
fn a_house_in_order_has_no_circle_and_no_upward_arrow() {
    assert_eq!(circles_of("straight"), [[""; 0]; 0]);
    assert_eq!(upward(&fixture("straight"), &["base", "roof"]), [""; 0]);
}

#[test]
fn a_circle_of_two_is_named_with_its_lines() {
    let expected = ["left -> right (src/left.rs:1)", "right -> left (src/right.rs:4)"];
    assert_eq!(circles_of("circle"), [expected]);
}

#[test]
fn to_import_from_the_front_leads_upward() {
    // Not a circle, because this front does not name `timer`; but the front is above all.
    assert_eq!(circles_of("front"), [[""; 0]; 0]);
    let complaints = upward(&fixture("front"), &["lock", "timer"]);
    assert_eq!(complaints, ["src/timer.rs:2: `timer` leans on `crate`, which stands above it"]);
}

#[test]
fn a_path_in_a_macro_call_counts() {
    let expected = ["high -> low (src/high.rs:1)", "low -> high (src/low.rs:2)"];
    assert_eq!(circles_of("in_a_macro"), [expected]);
}

#[test]
fn an_arrow_upward_is_found_without_a_circle() {
    assert_eq!(circles_of("upward"), [[""; 0]; 0]);
    assert_eq!(
        upward(&fixture("upward"), &["cellar", "attic"]),
        ["src/cellar.rs:2: `cellar::shelf` leans on `attic`, which stands above it"]
    );
    assert_eq!(upward(&fixture("upward"), &["cellar"]), ["`attic` stands on no floor"]);
}

#[test]
fn floors_are_declared_by_the_order_of_modules() {
    let file = "//! Docs.\n\n#[cfg(test)]\nuse watchdog as _;\n\npub mod base;\n\nmod left;\n// Beside it.\npub mod right;\n\n\
                pub use right::Roof;\n\n/// The roof.\npub mod roof {\n    mod inside;\n}\n";
    assert_eq!(declared(file), ["base", "left right", "roof"]);
    assert_eq!(declared("pub use std::sync;\n"), [""; 0]);
}
