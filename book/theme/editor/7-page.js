// The page: a place to write in, and the explorer beside it.

const locksmith = (window.locksmith ||= {});
const SLICE = 12; // milliseconds of work between two looks at what the reader does

// Explores a program without a pause, for tests: its graph, or where it leaves the subset.
locksmith.own = (text, rules) => {
  try {
    const search = new Search(text, rules);
    while (search.work(1000));
    return search.graph();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return { line: refusal.line, refused: refusal.message };
  }
};

// Text to and from what an address can hold.
const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
const packed = async (text) => btoa(String.fromCharCode(...await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"))))
  .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const unpacked = async (text) => {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
};

function editor(host) {
  const make = (parent, tag, name, properties) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (name) element.className = `own-${name}`;
    parent.append(element);
    return element;
  };
  const examples = JSON.parse(host.querySelector("script").textContent);
  const bar = make(host, "div", "bar");
  const labelled = (text, tag, properties) => {
    const label = make(bar, "label", "", { textContent: text });
    return make(label, tag, "", properties);
  };
  const choice = labelled("Begin with ", "select");
  make(choice, "option", "", { textContent: "…", value: "" });
  examples.forEach(([title], i) => make(choice, "option", "", { textContent: title, value: i }));
  const old = labelled("Loads may see old values ", "input", { type: "checkbox", checked: true });
  const spurious = labelled("Spurious wake-ups ", "select");
  ["never", "once each"].forEach((textContent, value) => make(spurious, "option", "", { textContent, value }));
  const sheet = make(host, "div", "sheet");
  const numbers = make(sheet, "pre", "numbers", { ariaHidden: "true" });
  const text = make(sheet, "textarea", "text", {
    spellcheck: false, wrap: "off", autocapitalize: "off", autocomplete: "off", ariaLabel: "Your program",
  });
  const below = make(host, "div", "bar");
  const go = make(below, "button", "go", { type: "button" });
  const link = make(below, "button", "", { type: "button", textContent: "Link to this program" });
  const said = make(below, "p", "said");
  said.setAttribute("role", "status");
  const result = make(host, "div", "result");

  let search;
  let shown;
  const store = locksmith.store || { get: () => ({}), set: () => {} };

  const lines = () => {
    const all = text.value.split("\n");
    numbers.textContent = all.map((_, i) => i + 1).join("\n");
    text.rows = all.length;
  };
  const keep = () => store.set("own", { text: text.value, old: old.checked, spurious: spurious.value });
  const say = (sentence, kind) => {
    said.textContent = sentence;
    said.className = `own-said ${kind ? `own-${kind}` : ""}`;
  };
  const settle = () => {
    search = undefined;
    go.textContent = "Explore every interleaving";
  };
  const fill = (program) => {
    settle();
    text.value = program;
    lines();
    say("");
    result.hidden = true;
  };

  const stop = () => {
    const states = search.nodes.length;
    settle();
    say(`Stopped after ${states.toLocaleString("en")} states: nothing is known of the others.`);
  };

  // What is outside of the subset: its line is named, and marked.
  const refused = ({ line, message }) => {
    settle();
    if (!line) {
      say(`This program is too much for the page: ${message}.`, "bad");
      return;
    }
    say(`Line ${line}: ${message}.`, "bad");
    const all = text.value.split("\n");
    const from = all.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(from, from + (all[line - 1] || "").length);
  };

  const show = (graph) => {
    const [variant] = graph.variants;
    const red = variant.nodes.filter((node) => node.length > 3);
    const all = `${variant.nodes.length.toLocaleString("en")} states, ${BigInt(variant.ways).toLocaleString("en")} interleavings`;
    const titles = new Set(variant.verdicts.map(([title]) => title));
    say(red.length ? `It breaks: of ${all}, ${red.length.toLocaleString("en")} states are red. ${[...titles].join(", ")}.`
      : `Proved: ${all}, and none is red.`, red.length ? "bad" : "good");
    if (!locksmith.explorer) return;
    result.hidden = false;
    const program = { lines: text.value.split("\n"), data: forPage(graph) };
    if (shown) shown.replace(program);
    else shown = locksmith.explorer(result, { id: "explore-own", goal: "Your program: break it, or see that it cannot be broken.", ...program });
  };

  // A slice of work; then the page has its turn.
  const work = (mine) => {
    if (search !== mine) return;
    const end = performance.now() + SLICE;
    try {
      let more = true;
      while (more && performance.now() < end) more = mine.work(20);
      if (more) {
        say(`${mine.nodes.length.toLocaleString("en")} states so far …`);
        setTimeout(work, 0, mine);
        return;
      }
      if (mine.full) {
        settle();
        say(`More than ${MOST_STATES.toLocaleString("en")} states: make it smaller (fewer threads, fewer rounds).`, "bad");
        return;
      }
      settle();
      show(mine.graph());
    } catch (error) {
      refused(error);
    }
  };

  go.onclick = () => {
    if (search) return stop();
    keep();
    result.hidden = true;
    try {
      search = new Search(text.value, { weak: old.checked, spurious: +spurious.value });
      go.textContent = "Stop";
      work(search);
    } catch (error) {
      refused(error);
    }
    return undefined;
  };
  link.onclick = async () => {
    keep();
    const rules = `${+old.checked}${spurious.value}`;
    history.replaceState(null, "", `#own=${rules}${await packed(text.value)}`);
    const copied = navigator.clipboard && await navigator.clipboard.writeText(location.href).then(() => true, () => false);
    say(copied ? "The link is copied." : "The link is this page's address now.");
  };
  choice.onchange = () => {
    if (choice.value !== "") fill(examples[choice.value][1]);
    choice.value = "";
  };
  text.oninput = lines;
  text.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      go.click();
      return;
    }
    // The next line begins where this one does.
    const before = text.value.slice(0, text.selectionStart);
    text.setRangeText("\n" + /[^\S\n]*/.exec(before.slice(before.lastIndexOf("\n") + 1))[0], text.selectionStart, text.selectionEnd, "end");
    lines();
  };

  const sent = async () => {
    const match = /^#own=([01])([01])([\w-]+)$/.exec(location.hash);
    if (!match) return false;
    try {
      fill(await unpacked(match[3]));
    } catch {
      say("This link is damaged: it holds no whole program.", "bad");
      return false;
    }
    [old.checked, spurious.value] = [match[1] === "1", match[2]];
    go.click();
    return true;
  };
  const kept = store.get("own");
  fill(kept.text || examples[0][1]);
  if (kept.text) [old.checked, spurious.value] = [kept.old, kept.spurious];
  addEventListener("hashchange", sent);
  sent();
  host.classList.add("own-live");
}

// The graph as the explorer wants it: each step says on which word it is.
function forPage(graph) {
  const [variant] = graph.variants;
  const labels = [];
  const entry = (label) => (labels.includes(label) ? labels.indexOf(label) : labels.push(label) - 1);
  const nodes = variant.nodes.map(([values, stands, steps, ...verdict]) => [values, stands,
    steps.map(([t, label, word, ...rest]) => [t, entry((word < 0 ? "" : `${graph.words[word][0]}.`) + variant.labels[label]), word, ...rest]), ...verdict]);
  const inside = graph.critical.map(([from, to]) => [from - 1, to - 1]);
  return { ...graph, inside, variants: [{ ...variant, labels, nodes }] };
}

addEventListener("DOMContentLoaded", () => document.querySelectorAll(".own").forEach(editor));
