use super::report;

const SOURCE: &str =
    "// moved\nfn f() {\n    word.load(Acquire); // why\n    word.load(Relaxed);\n}\n";

/// An example of the format. The numbers are made up and appear in no chapter.
const FIXTURE: &str = r#"{ "seconds": 160, "jobs": 2, "sites": [
    {"module":"door","file":"src/door.rs","function":"f","operation":"load(Acquire)","nth":1,
     "line":["word.load(Acquire); // why",1],"offset":5,"weaker":[{"to":"Relaxed","kind":"data race",
     "by":"door/two","executions":1234,"threads":["opens","<shuts>"],"sentence":"Race at {0}\nand {1}.",
     "lines":[["src/door.rs",["word.load(Acquire); // why",1]],["tests/cases/door/models.rs",["gone",1]]],
     "rows":[[1,0,"load word → 0  Relaxed  (the mutant; the source says Acquire)"],[0,null,"woken"],[0,1,"read"]]}]},
    {"module":"door","file":"src/door.rs","function":"f","operation":"load(Relaxed)","nth":1,
     "line":["word.load(Relaxed);",1],"offset":5},
    {"module":"door","file":"src/door.rs","function":"g","operation":"load(Relaxed)","nth":1,
     "line":["word.load(Relaxed);",1],"offset":5,"not_executed":"None asks & none will."},
    {"module":"gate","file":"src/door.rs","function":"f","operation":"compare_exchange(AcqRel, Acquire)",
     "nth":1,"line":["word.load(Relaxed);",1],"offset":0,
     "weaker":[{"to":"failure-Relaxed","reason":"The loop looks again."}]},
    {"module":"hole","file":"src/door.rs","function":"f","operation":"load(Relaxed)","nth":1,
     "line":["word.load(Relaxed); // edited",1],"offset":0}
] }"#;

fn shown(module: &str) -> Result<String, String> {
    report(FIXTURE, module, &mut |file| match file {
        "src/door.rs" => Ok(SOURCE.to_owned()),
        "tests/cases/door/models.rs" => Ok("fn another() {}\n".to_owned()),
        _ => Err(format!("cannot read `{file}`")),
    })
}

#[test]
fn an_ordering_stands_with_its_line_as_it_is_now_and_its_counterexample() {
    let html = shown("door").unwrap();
    assert!(html.contains("<code class=\"ordering-line\">word.load(Acquire);</code>"), "{html}");
    assert!(html.contains("<span class=\"source-path\">src/door.rs:3</span>"), "{html}");
    let summary = "<summary><code>Acquire</code> → <code>Relaxed</code>: data race</summary>";
    assert!(html.contains(summary), "{html}");
    assert!(html.contains("<th scope=\"col\">thread 1: &lt;shuts&gt;</th>"), "{html}");
    let row = "<tr><td>1</td><td>door:3</td><td></td><td><strong>load word → 0  Relaxed</strong></td></tr>";
    assert!(html.contains(row), "{html}");
    assert!(html.contains("<tr><td>2</td><td></td><td>woken</td><td></td></tr>"), "{html}");
    assert!(html.contains("<p>Race at door.rs:3 and door/models.rs.</p>"), "{html}");
    let command = "LOCKSMITH_MUTANT=&#39;src/door.rs:3:10=Relaxed&#39; cargo model door/two";
    assert!(html.contains(command), "{html}");
    assert!(html.contains("after 1\u{202f}234 executions"), "{html}");
    assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML");
}

#[test]
fn what_is_weak_already_and_what_is_excused_are_told_apart() {
    let html = shown("door").unwrap();
    assert!(html.contains("As weak as can be: 1</summary>"), "{html}");
    assert!(html.contains("Not run by a model: 1</summary>"), "{html}");
    assert!(html.contains("src/door.rs:4: None asks &amp; none will.</li>"), "{html}");
}

#[test]
fn one_that_survives_has_its_reason() {
    let html = shown("gate").unwrap();
    assert!(
        html.contains(
            "<code>Acquire on failure</code> → <code>Relaxed on failure</code>: no model"
        ),
        "{html}"
    );
    assert!(html.contains("The loop looks again."), "{html}");
}

#[test]
fn the_totals_are_counted() {
    let html = shown("all").unwrap();
    assert!(html.contains("weaker orderings tried</th><td>2</td>"), "{html}");
    assert!(html.contains("noticed by a model</th><td>1</td>"), "{html}");
    assert!(html.contains("<td>data race 1</td>"), "{html}");
    assert!(html.contains("<td>160, 2 models at a time</td>"), "{html}");
}

#[test]
fn what_is_not_there_is_named() {
    let error = shown("dor").unwrap_err();
    assert_eq!(error, "no orderings of `dor`; there are `all`, `door`, `gate`, `hole`");
    let error = shown("hole").unwrap_err();
    assert!(error.contains("no line `word.load(Relaxed); // edited` any more"), "{error}");
    assert!(error.ends_with("or `cargo orderings --book hole`"), "{error}");
    assert!(
        report("[", "door", &mut |_| Err(String::new())).unwrap_err().starts_with("not a list")
    );
}
