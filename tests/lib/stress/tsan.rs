//! The harness under ThreadSanitizer (`--cfg tsan`, see the step `tsan` of `cargo verify`).
//!
//! libtest passes results over a channel of std. std comes compiled without the sanitizer, which
//! therefore does not see what orders the two ends, and reports a race in libtest itself. This
//! harness runs the same `#[test]` functions with nothing but spawn and join, which it does see, so
//! that nothing need be suppressed. A report makes the process exit with status 66, whatever the
//! tests say.

use std::io::Write;

use test::{ShouldPanic, StaticTestFn, TestDescAndFn};

/// Runs `tests` one after the other, each on a thread of its own.
pub(crate) fn run(tests: &[&TestDescAndFn]) {
    let mut passed = 0;
    let mut failed = 0;
    for TestDescAndFn { desc, testfn } in tests.iter().filter(|test| !test.desc.ignore) {
        let StaticTestFn(body) = *testfn else { unreachable!("the compiler collects functions") };
        // The name comes first: if the test hangs, it is the last output.
        print!("test {} ... ", desc.name);
        _ = std::io::stdout().flush();
        let thread = std::thread::Builder::new().name(desc.name.to_string()).spawn(body);
        let result = thread.expect("the system has a thread to give").join();
        let panicked = !matches!(result, Ok(Ok(())));
        if panicked == (desc.should_panic != ShouldPanic::No) {
            passed += 1;
            println!("ok");
        } else {
            failed += 1;
            println!("FAILED");
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed");
    if failed > 0 {
        std::process::exit(101);
    }
}
