// The explorer: a reader steps threads through every state that `cargo explore` found.
//
// The builder puts the source, the graphs and a plain table for readers without scripts into the page
// (builder/explore.rs). Nothing is asked of any server. A script can make one of its own:
//
//     const explorer = locksmith.explorer(element, { id, goal, lines: ["let x = …", …], data });
//     explorer.replace({ lines, data });   // another program in its place
//
// with `data` as the builder writes it:
//
//     { threads: 2, words: [[name, "number" | "flag" | "pointer" | "data"], …], asleep: [], toggles: [],
//       inside: [[first row, last row], …], variants: [graph] }
//     graph: { ways: "36", labels: ["taken.load → false", …], verdicts: [[title, what], …], nodes: [node, …] }
//     node:  [values, stands, steps] or, if it is broken, [values, stands, steps, verdict]
//     stand: -1 for a thread that has ended; otherwise 3 * row + (0 ready, 1 asleep, 2 waiting)
//     step:  [thread, label, word or -1, node]  and after it a 1 if an older value was read, or a 2 if the
//            thread is killed; this is the last of a thread's steps
//
// A graph may have `calls`, lists of rows from the outermost caller inwards, and `stacks`, for each node and
// thread the number of such a list. It may have `folded`: the same program with whole calls as single steps, a
// graph whose `full` says which node of the full graph each of its nodes is.
(() => {
  "use strict";

  const locksmith = (window.locksmith ||= {});
  const THREADS = "ABCDEF";
  const [READY, ASLEEP] = [0, 1];
  const BAD = 3; // index of the verdict in a node
  const [STALE, DEATH] = [1, 2]; // what a step may have as its last entry
  const LONG = 8; // so many steps are not thrown away without a question
  const SPEEDS = [["½×", 1600], ["1×", 800], ["3×", 270]];
  // What a mistake is called in a question, by its title; and what it is called where a thread stands.
  const KINDS = {
    "Two inside": ["Two threads get inside at once.", "is inside"],
    "Wrong result": ["The result is wrong in the end."],
    "Lost wake-up": ["A thread sleeps without end: no thread will call it again.", "sleeps without end"],
    "Data race": ["Two threads touch the same data, and nothing orders them.", "touches the same data"],
    Deadlock: ["All that are left wait for each other.", "waits without end"],
    "Waits without end": ["A thread goes round in a loop without end.", "waits without end"],
  };

  const make = (parent, tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const button = (parent, className, text, act) => {
    const b = make(parent, "button", className, text);
    b.type = "button";
    b.onclick = act;
    return b;
  };
  const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

  // In a window of its own or from a file, a browser may refuse to keep anything.
  const store = (locksmith.store = {
    get(id) { try { return JSON.parse(localStorage.getItem("locksmith." + id)) || {}; } catch { return {}; } },
    set(id, value) {
      try { localStorage.setItem("locksmith." + id, JSON.stringify(value)); } catch { /* not kept */ }
      document.dispatchEvent(new CustomEvent("locksmith", { detail: id }));
    },
    forget(pattern) {
      try {
        const keys = Object.keys(localStorage).filter((key) => key.startsWith("locksmith."));
        keys.filter((key) => pattern.test(key.slice(10))).forEach((key) => localStorage.removeItem(key));
      } catch { /* nothing was kept */ }
      document.dispatchEvent(new CustomEvent("locksmith"));
    },
  });

  class Explorer {
    constructor(root, data) {
      this.root = root;
      // A puzzle that stands in a chapter twice is one level.
      this.level = root.dataset.same || root.id;
      this.kept = store.get(this.level);
      this.variant = +root.dataset.start || 0;
      this.folded = true;
      this.speed = 1;
      this.path = []; // indices of the steps that were taken
      this.build(data);
      this.open();
    }

    // At what was sent, or else where the reader was.
    open() {
      const { kept } = this;
      if (this.follow(this.sent(), true)) this.helped = this.sent() !== kept.path || kept.helped;
      else if (this.follow(kept.path)) this.helped = kept.helped;
      this.choose(this.variant, this.path);
    }

    // What never changes.
    build(data) {
      const { root } = this;
      const find = (name) => root.querySelector(".explorer-" + name);
      root.tabIndex = -1; // so that a click anywhere brings the keys here
      this.code = find("code");
      this.stars = make(find("goal"), "span", "explorer-stars");
      const bar = find("bar");
      this.moves = make(bar, "div", "explorer-moves");
      const tools = make(bar, "div", "explorer-tools");
      const tool = (text, key, title, act) => {
        const b = button(tools, "explorer-tool", text, () => act.call(this));
        b.title = `${title} (key ${key})`;
        b.ariaKeyShortcuts = key;
        return b;
      };
      this.undoButton = tool("Undo", "U", "Take the last step back", this.undo);
      this.resetButton = tool("Reset", "R", "Go back to the start", this.reset);
      this.showButton = tool("Show me", "M", "Walk to the nearest broken state", this.show);
      this.speedButton = tool("", "F", "Speed of “Show me”", this.faster);
      this.proveButton = tool("Prove it", "P", "Say what the search will find", this.prove);
      this.toldButton = tool("History", "H", "What was done so far", this.history);
      this.toldButton.ariaExpanded = false;
      this.toldButton.classList.add("explorer-told-button");
      this.foldButton = tool("", "L", "Each operation of a call", this.fold);
      this.verdict = find("verdict");
      this.verdict.role = "status";
      const side = find("side");
      this.words = make(side, "div", "explorer-words");
      this.stacks = make(side, "div", "explorer-stacks");
      this.lanes = make(side, "div", "explorer-lanes");
      this.lanes.tabIndex = 0;
      this.lanes.role = "log";
      this.lanes.ariaLabel = "What was done so far";
      this.map = new locksmith.StateMap(find("map"), {
        pick: (state) => { this.helped = true; this.goTo(state); },
        say: (state) => this.describe(state),
      });
      const foot = find("foot");
      make(foot, "span", "explorer-legend", "On the map: ● fine  ◇ may still break  ✕ broken");
      this.link = make(foot, "a");
      this.link.onclick = () => navigator.clipboard?.writeText(this.link.href)
        .then(() => { this.link.textContent = "Link copied"; }, () => {});
      foot.hidden = false;
      root.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target.closest("input, textarea, select")) return;
        if (this.press(event.key.toLowerCase(), event.shiftKey)) {
          event.preventDefault();
          event.stopPropagation();
        }
      });
      document.addEventListener("locksmith", ({ detail }) => {
        if (detail !== this.level) return;
        Object.assign(this.kept, store.get(this.level));
        this.drawStars();
      });
      this.load(data);
      root.classList.add("explorer-live");
    }

    // Takes on a program.
    load(data) {
      this.data = data;
      this.rows = [...this.root.querySelectorAll(".explorer-row")];
      this.root.style.setProperty("--threads", data.threads);
      this.moves.textContent = "";
      this.steps = [];
      this.kills = [];
      const steps = data.variants.flatMap(({ nodes }) => nodes.flatMap((n) => n[2]));
      for (let t = 0; t < data.threads; t++) {
        const lane = make(this.moves, "div", "explorer-lane");
        this.steps.push(make(lane, "div", "explorer-steps"));
        if (!steps.some((e) => e[0] === t && e[4] === DEATH)) continue;
        const b = button(lane, "explorer-kill explorer-" + THREADS[t], "✝ Kill " + THREADS[t], () => this.kill(t));
        b.title = "Before its next step (key K)";
        b.ariaKeyShortcuts = "K";
        this.kills[t] = b;
      }
      this.lanes.style.gridTemplateColumns = `repeat(${data.threads}, minmax(0, 1fr))`;
      for (const [first, last] of data.inside || []) {
        this.rows.slice(first, last + 1).forEach((row) => row.classList.add("explorer-inside"));
      }
      this.toggles = this.root.querySelectorAll(".explorer-toggle");
      this.toggles.forEach((b) => {
        b.disabled = false;
        b.onclick = () => this.choose(this.variant ^ (1 << b.dataset.i), []);
      });
    }

    // Another program in the place of this one; see above.
    replace({ lines, data }) {
      this.stop();
      if (lines) fill(this.code, lines);
      this.load(data);
      this.choose(0, []);
    }

    // Takes on a variant: its graph, and its map.
    choose(variant, path) {
      this.stop();
      this.variant = variant;
      this.path = path;
      this.full = this.data.variants[variant];
      this.graph = (this.folded && this.full.folded) || this.full;
      this.nodes = this.graph.nodes;
      this.toggles.forEach((b) => {
        const [from, to] = this.data.toggles[b.dataset.i];
        const changed = (variant >> b.dataset.i) & 1;
        b.textContent = changed ? to : from;
        b.ariaPressed = !!changed;
        b.title = `Put ${changed ? from : to} here`;
      });
      const folds = !!this.full.folded;
      this.foldButton.hidden = !folds;
      this.foldButton.textContent = this.graph === this.full ? "Fold" : "Look inside";
      this.root.classList.toggle("explorer-folded", this.graph !== this.full);
      this.measure = locksmith.measure(this.nodes);
      this.map.show(this.nodes, this.measure);
      this.proved = false;
      this.draw();
    }

    get par() { return this.measure.par; }
    get task() {
      const first = this.data.variants[0];
      return this.root.dataset.task || ((first.folded || first).nodes.some((n) => n[BAD] !== undefined)
        ? "break" : "prove");
    }

    // The steps of the path, and the states that it leads through.
    taken() {
      let at = 0;
      return this.path.map((k) => {
        const edge = this.nodes[at][2][k];
        at = edge[3];
        return edge;
      });
    }
    walk() { return [0, ...this.taken().map((edge) => edge[3])]; }
    here() { return this.walk().pop(); }

    edges(state, thread, nodes = this.nodes) {
      return nodes[state][2].map((e, k) => [e, k]).filter(([e]) => e[0] === thread);
    }

    // Ways as text: the variant, `u` if calls are unfolded, and a letter a step, with a digit where a thread had
    // a choice.
    text() {
      const states = this.walk();
      const letters = this.taken().map(([thread], i) => {
        const which = this.edges(states[i], thread).findIndex(([, k]) => k === this.path[i]);
        return THREADS[thread] + (which || "");
      });
      return `${this.variant}${this.full.folded && !this.folded ? "u" : ""}.${letters.join("")}`;
    }

    // The text in the page's address, if it is for this explorer.
    sent() {
      const [id, text] = location.hash.slice(1).split("=");
      return id === this.root.id ? text : "";
    }

    // Reads such a text; false if it is none, or leads nowhere.
    follow(text, show) {
      const match = /^(\d+)(u?)\.((?:[A-F]\d*)*)$/.exec(text || "");
      const full = match && this.data.variants[match[1]];
      if (!full) return false;
      const folded = !match[2];
      const { nodes } = (folded && full.folded) || full;
      const path = [];
      let state = 0;
      for (const [, letter, which] of match[3].matchAll(/([A-F])(\d*)/g)) {
        const mine = this.edges(state, THREADS.indexOf(letter), nodes)[+which];
        if (!mine) return false;
        path.push(mine[1]);
        state = mine[0][3];
      }
      Object.assign(this, { variant: +match[1], folded, path });
      if (show) this.root.scrollIntoView();
      return true;
    }

    // What a reader can do.
    step(k) { this.path.push(k); this.moved(); }
    stepThread(t, which) {
      this.stop();
      const mine = this.edges(this.here(), t)[which];
      if (mine && mine[0][4] !== DEATH) this.step(mine[1]);
    }
    // Without a thread, the first that can be killed.
    kill(t) {
      this.stop();
      const k = this.nodes[this.here()][2].findIndex((e) => e[4] === DEATH && e[0] === (t ?? e[0]));
      if (k >= 0) this.step(k);
    }
    undo() {
      this.stop();
      if (this.panel) this.ask(null);
      else if (this.path.pop() !== undefined) this.moved();
    }
    reset() {
      this.stop();
      const start = () => { this.path = []; this.moved(); };
      if (this.path.length < LONG || this.panel?.reset) return start();
      this.ask({
        reset: true,
        text: `Throw away ${many(this.path.length, "step")}?`,
        choices: [["Yes", start], ["No", () => this.ask(null)]],
      });
    }
    goTo(state) {
      this.stop();
      this.path = [];
      for (let at = this.measure.from[state]; at; at = this.measure.from[at[0]]) this.path.unshift(at[1]);
      this.moved();
    }

    // Steps to the nearest broken state, one step after the other: first back to where one can still be reached.
    show() {
      if (this.timer) return this.stop();
      if (this.par === Infinity) {
        this.helped = true;
        return this.ask({ text: "No state on this map is broken. Press “Prove it”.", choices: [] });
      }
      if (!this.measure.distance[this.here()]) this.path = [];
      this.helped = true;
      const go = () => {
        const { distance } = this.measure;
        const state = this.here();
        const far = distance[state];
        if (far === Infinity) {
          this.path.pop();
        } else {
          const k = this.nodes[state][2].findIndex((e) => distance[e[3]] === far - 1);
          if (k >= 0) this.path.push(k);
        }
        this.moved();
        this.timer = distance[this.here()] ? setTimeout(go, SPEEDS[this.speed][1]) : undefined;
        this.drawShow();
      };
      go();
    }
    // On a narrow page what was done so far is there when it is asked for; CSS knows when.
    history() {
      const told = this.root.classList.toggle("explorer-told");
      this.toldButton.ariaExpanded = told;
      this.lanes.scrollTop = this.lanes.scrollHeight;
    }
    stop() {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.drawShow();
    }
    faster() {
      this.speed = (this.speed + 1) % SPEEDS.length;
      this.drawShow();
    }
    drawShow() {
      this.showButton.textContent = this.timer ? "Pause" : "Show me";
      const [speed] = SPEEDS[this.speed];
      this.speedButton.textContent = speed;
      this.speedButton.ariaLabel = "Speed of “Show me”: " + speed;
    }

    // Before the search is told, the reader says what it will find.
    prove() {
      this.stop();
      if (this.panel?.proof) return this.ask(null);
      const found = this.kind();
      const kinds = Object.keys(KINDS).filter((kind) => kind !== found);
      if (this.data.weak) kinds.unshift(...kinds.splice(kinds.indexOf("Data race"), +(found !== "Data race")));
      const shown = new Set(found ? [found, ...kinds.slice(0, 2)] : kinds.slice(0, 3));
      const all = [undefined, ...Object.keys(KINDS).filter((kind) => shown.has(kind))];
      this.ask({
        proof: true,
        text: `The search goes through all ${many(this.full.nodes.length, "state")}. What does it find?`,
        choices: all.map((kind) => [kind ? KINDS[kind][0] : "It holds: nothing goes wrong, in any order.",
          () => this.tell(kind === found)]),
      });
    }
    // What goes wrong at the nearest broken state.
    kind() {
      if (this.par === Infinity) return;
      const { depth, red } = this.measure;
      const first = red.reduce((best, i) => (depth[i] < depth[best] ? i : best));
      return this.graph.verdicts[this.nodes[first][BAD]][0];
    }
    tell(right) {
      this.proved = true;
      this.guessed = right;
      this.panel = null;
      const { kept, variant } = this;
      const holds = this.par === Infinity;
      const goal = this.task === "weakest"
        ? this.root.dataset.right.split(" ").includes(String(variant))
        : this.task === "prove" && !variant;
      if (holds) kept.proved = true;
      if (holds && goal) this.won(right ? 3 : 1);
      this.keep();
      this.draw();
      this.focusOn(this.verdict.querySelector("a") || this.proveButton);
    }

    // The level is done.
    won(stars) {
      const { kept } = this;
      kept.done = true;
      kept.stars = Math.max(stars, kept.stars || 0);
    }

    // A question in the place of the verdict.
    ask(panel) {
      const had = this.panel;
      this.panel = panel;
      this.draw();
      this.focusOn(panel ? this.verdict.querySelector("button")
        : had?.proof ? this.proveButton : this.resetButton);
    }
    focusOn(element) {
      if (element && this.root.contains(document.activeElement)) element.focus({ preventScroll: true });
    }

    // Calls that are one step, or each of their operations. The way stays what it is.
    fold() {
      this.stop();
      const { full } = this;
      if (!full.folded) return;
      const path = [];
      let at = 0;
      if (this.folded) {
        for (const [thread, , , to] of this.taken()) {
          path.push(...this.alone(full.nodes, at, thread, full.folded.full[to]));
          at = full.folded.full[to];
        }
      } else {
        // As far as the way is one of whole calls.
        for (const [thread, , , to] of this.taken()) {
          const edges = full.folded.nodes[at][2];
          const k = edges.findIndex((e) => full.folded.full[e[3]] === to && e[0] === thread);
          if (k < 0) continue;
          path.push(k);
          at = edges[k][3];
        }
      }
      this.folded = !this.folded;
      this.choose(this.variant, path);
      this.keep();
    }
    // The steps of one thread that lead from one state to another.
    alone(nodes, from, thread, to) {
      const came = new Map([[from, null]]);
      for (const open = [from]; open.length;) {
        const i = open.shift();
        if (i === to && i !== from) break;
        nodes[i][2].forEach((e, k) => {
          if (e[0] === thread && !came.has(e[3])) {
            came.set(e[3], [i, k]);
            open.push(e[3]);
          }
        });
      }
      const steps = [];
      for (let at = came.get(to); at; at = came.get(at[0])) steps.unshift(at[1]);
      return steps;
    }

    // The path has changed.
    moved() {
      this.proved = false;
      this.panel = null;
      const node = this.nodes[this.here()];
      const { kept } = this;
      this.red = node[BAD] !== undefined;
      if (this.red && !this.helped) {
        const steps = this.path.length;
        kept.best ||= {};
        kept.best[this.variant] = Math.min(steps, kept.best[this.variant] || Infinity);
        if (this.task === "break") this.won(steps <= this.par ? 3 : steps <= this.par + 2 ? 2 : 1);
      }
      if (!this.path.length) this.helped = false;
      this.keep();
      this.draw();
    }
    keep() {
      this.kept.path = this.text();
      this.kept.helped = !!this.helped;
      store.set(this.level, this.kept);
      if (!this.root.closest("[data-own-address]")) history.replaceState(null, "", this.hash());
    }
    hash() { return `#${this.root.id}=${this.text()}`; }

    // Draws the state in which the path ends.
    draw() {
      const states = this.walk();
      const here = states.at(-1);
      const node = this.nodes[here];
      this.drawSteps(here, node);
      // A disabled button would lose the focus, and with it the keys.
      for (const b of [this.undoButton, this.resetButton]) b.ariaDisabled = !this.path.length;
      this.drawHistory(states);
      this.drawVerdict(node, states);
      this.drawStars();
      this.map.walk(states);
      this.link.href = this.hash();
      this.link.textContent = "Link to this way";
      // Last: what is in sight depends on the room that the others leave.
      this.drawCode(here, node);
    }

    label(edge) { return this.graph.labels[edge[1]]; }
    // What a step does, without what comes of it.
    act(edge) { return this.label(edge).split(" → ")[0]; }

    drawSteps(here, node) {
      this.steps.forEach((box, t) => {
        const name = THREADS[t];
        const all = this.edges(here, t);
        const edges = all.filter(([edge]) => edge[4] !== DEATH);
        if (this.kills[t]) this.kills[t].ariaDisabled = edges.length === all.length;
        const stand = node[1][t];
        const over = node[BAD] !== undefined;
        const how = stand < 0 ? "has ended" : stand % 3 === ASLEEP ? "sleeps" : stand % 3 ? "waits for a change"
          : over ? "stops here" : "waits";
        while (box.children.length > Math.max(1, edges.length)) {
          if (box.lastChild === document.activeElement) box.firstChild.focus();
          box.lastChild.remove();
        }
        for (let i = 0; i < Math.max(1, edges.length); i++) {
          let b = box.children[i];
          if (!b) {
            b = button(box, "explorer-step explorer-" + name, "", () => this.stepThread(t, i));
            if (i < 2) b.ariaKeyShortcuts = i ? "Shift+" + name : name;
          }
          const edge = edges[i]?.[0];
          const text = !edge ? how
            : edges.length > 1 ? this.label(edge) + (edge[4] === STALE ? " (old)" : "") : this.act(edge);
          b.textContent = "";
          make(b, "b", "", i ? "⇧" + name : name);
          make(b, "span", edge ? "" : "explorer-idle", text);
          b.title = text;
          b.ariaDisabled = !edge;
          b.ariaLabel = edge ? `Step thread ${name}: ${text}` : `Thread ${name} ${text}`;
        }
      });
    }

    drawCode(here, node) {
      this.rows.forEach((row) => {
        row.firstChild.textContent = "";
        row.classList.remove("explorer-here", "explorer-calls", "explorer-end");
        row.querySelector(".explorer-tag")?.remove();
      });
      const last = this.taken().at(-1)?.[0];
      const word = node[BAD] === undefined ? "" : KINDS[this.graph.verdicts[node[BAD]][0]]?.[1];
      const [seen, starts] = [[], []];
      node[1].forEach((stand, t) => {
        const name = THREADS[t];
        const chip = (row, extra, title) => {
          const it = make(row.firstChild, "span", `explorer-chip explorer-${name} ${extra}`, name);
          it.title = title;
        };
        const callers = stand < 0 ? [] : this.callers(here, t);
        callers.forEach((at) => {
          const row = this.rows[at];
          if (!row) return;
          chip(row, "explorer-caller", `${name} is in this call`);
          row.classList.add("explorer-calls");
        });
        const row = stand < 0 ? null : this.rows[Math.floor(stand / 3)];
        if (!row) return;
        const how = stand % 3;
        chip(row, ["", "explorer-asleep", "explorer-waits"][how],
          `${name} ${["is about to do this", "sleeps here", "waits here for a change"][how]}`);
        row.classList.add("explorer-here");
        const stuck = word && word !== "is inside" ? how !== READY || word.startsWith("touches") : word;
        if (stuck) {
          row.classList.add("explorer-end");
          const tag = row.querySelector(".explorer-tag");
          if (tag) tag.textContent = tag.textContent.replace(" is ", " are ")
            .replace(/(sleep|wait|touch)e?s /, "$1 ").replace(/(\w)(?= [a-z])/, `$1, ${name}`);
          else make(row, "em", "explorer-tag", `${name} ${word}`);
        }
        if (t === last) seen.push(row);
        else seen.unshift(row);
        starts.push(this.rows[callers[0]] || row);
      });
      const { code } = this;
      if (!this.path.length && starts.length) {
        // The program, as far down as the threads begin in it.
        const [top, bottom] = [Math.min(...starts.map((row) => row.offsetTop)),
          Math.max(...starts.map((row) => row.offsetTop + row.offsetHeight))];
        code.scrollTop = bottom <= code.clientHeight ? 0 : Math.min(top - 40, bottom - code.clientHeight);
        return;
      }
      // The one that moved last is in sight, and the other too if there is room.
      seen.forEach((row) => {
        const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
        if (top < code.scrollTop + 4) code.scrollTop = top - 24;
        else if (bottom > code.scrollTop + code.clientHeight) code.scrollTop = bottom - code.clientHeight + 24;
      });
    }

    // The rows of the calls in which a thread is, from the outermost inwards.
    callers(state, thread) {
      const { calls, stacks } = this.graph;
      return stacks ? calls[stacks[state][thread]] : [];
    }
    // The function in which a row stands.
    function(at) {
      for (let i = at; i >= 0; i--) {
        const row = this.rows[i];
        const match = row && /^\s*(?:pub(?:\([a-z]+\))? )?(?:const |unsafe )*fn (\w+)/.exec(row.lastChild.textContent);
        if (match) return match[1];
        if (!row || row.dataset.first) break;
      }
      return "";
    }

    drawHistory(states) {
      const here = states.at(-1);
      const node = this.nodes[here];
      const before = this.nodes[states.at(-2)] || node;
      const sleeps = []; // on which word each thread went to sleep last
      for (const [t, w] of this.data.asleep) sleeps[t] = w;
      this.lanes.textContent = "";
      this.taken().forEach((edge, i) => {
        const item = make(this.lanes, "span", "explorer-event explorer-" + THREADS[edge[0]], this.label(edge));
        item.style.gridColumn = edge[0] + 1;
        item.style.gridRow = i + 1;
        if (edge[4] === STALE) make(item, "em", "", ` old: it is ${this.value(this.nodes[states[i]], edge[2])}`);
        sleeps[edge[0]] = edge[2];
      });
      this.lanes.scrollTop = this.lanes.scrollHeight;
      this.words.textContent = "";
      this.data.words.forEach(([name], w) => {
        if (this.graph.hidden?.includes(w)) return;
        const box = make(this.words, "div", "explorer-word", name);
        make(box, "b", "", this.value(node, w));
        box.classList.toggle("explorer-changed", node[0][w] !== before[0][w]);
        node[1].forEach((stand, t) => {
          if (stand >= 0 && stand % 3 === ASLEEP && sleeps[t] === w) {
            make(box, "small", "explorer-" + THREADS[t], THREADS[t] + " sleeps");
          }
        });
      });
      this.stacks.textContent = "";
      node[1].forEach((stand, t) => {
        const rows = stand < 0 ? [] : [...this.callers(here, t), Math.floor(stand / 3)];
        const names = rows.map((row) => this.function(row)).filter((name, i, all) => name && name !== all[i - 1]);
        const line = make(this.stacks, "div", "explorer-stack explorer-" + THREADS[t]);
        make(line, "b", "", THREADS[t]);
        make(line, "span", "", stand < 0 ? "has ended" : names.join(" › ")
          + (stand % 3 === ASLEEP ? " (asleep)" : stand % 3 ? " (waits)" : ""));
      });
    }

    value(node, word) {
      const value = node[0][word];
      if (value == null) return "·";
      const [, shape, names] = this.data.words[word];
      return names?.[value] ?? (shape === "flag" ? !!value : shape === "pointer" ? (value ? "set" : "null") : value);
    }

    // A state in words, for those who look around on the map.
    describe(state) {
      const node = this.nodes[state];
      const what = node[BAD] !== undefined ? this.graph.verdicts[node[BAD]].join(": ")
        : this.measure.distance[state] < Infinity ? "may still break" : "fine";
      const words = this.data.words.map(([name], w) => `${name} ${this.value(node, w)}`).join(", ");
      const depth = this.measure.depth[state];
      return `After ${many(depth, "step")}: ${what}. ${words}. Enter goes there.`;
    }

    drawVerdict(node, states) {
      const { verdict, graph, par, panel } = this;
      const count = this.path.length;
      const had = verdict.contains(document.activeElement);
      verdict.textContent = "";
      // Who has pressed a button that is gone stays here with the keys.
      if (had) this.root.focus({ preventScroll: true });
      let kind = "";
      const say = (text, bold) => make(verdict, bold ? "strong" : "span", "", text);
      const next = () => {
        const to = locksmith.next?.(this.level);
        if (!to) return;
        const a = make(verdict, "a", "explorer-next", to.text);
        a.href = to.href;
      };
      if (panel) {
        say(panel.text, true);
        const box = make(verdict, "div", "explorer-choices");
        panel.choices.forEach(([text, act], i) => {
          const b = button(box, "", "", act);
          if (panel.proof) make(b, "kbd", "", i + 1);
          b.append(text);
        });
        kind = "asks";
      } else if (this.proved) {
        const tried = `All ${many(this.full.nodes.length, "state")} were tried, on every one of the `
          + `${(+this.full.ways).toLocaleString("en")} ways through`;
        if (par === Infinity) {
          say(this.guessed ? "✓ Proved." : "It holds.", true);
          say(`${this.guessed ? "" : "Your guess was another. "}${tried}, and nothing goes wrong.`);
          if (this.task === "weakest" && !this.kept.done) say("But an ordering can be weaker still.");
          kind = "good";
          if (this.kept.done) next();
        } else {
          say(this.guessed ? "✓ As you said: it breaks." : "It does not hold.", true);
          say(`${this.kind()}. In ${this.measure.red.length} of ${many(this.nodes.length, "state")} something has gone wrong: `
            + "the crosses on the map.");
          kind = this.guessed ? "good" : "bad";
        }
      } else if (node[BAD] !== undefined) {
        const [title, what] = graph.verdicts[node[BAD]];
        const end = what[0].toUpperCase() + what.slice(1);
        if (this.helped) {
          say("Seen:", true);
          say(`${title.toLowerCase()}. ${end}. Press R, and walk there yourself: ${many(par, "step")} `
            + (par === 1 ? "is enough." : "are enough."));
          kind = "seen";
        } else {
          say("✓ You broke it!", true);
          say(`${title}: ${what}. ${many(count, "step")}${count <= par ? ", and no way is shorter."
            : `; ${par} are enough.`}`);
          kind = "good";
        }
        next();
      } else if (!node[2].length) {
        say("All threads have ended, and nothing went wrong.");
        say(par < Infinity ? "Undo (U), and try another." : "Is that so on every way? “Prove it” knows.");
      } else if (!count) {
        const able = [...THREADS].filter((name, t) => this.edges(0, t).length);
        say(`Your turn: ${able.join(" or ")} makes a step.`);
        if (this.kept.done) say("(Done ✓)");
        else say("Click a button, or click here once and press keys: "
          + `${able.join(", ")}, ${this.kills.length ? "K to kill, " : ""}U to undo.`);
      } else {
        const edge = this.taken().pop();
        say(`${many(count, "step")}. ${THREADS[edge[0]]}: ${this.label(edge)}.`);
        if (par < Infinity && this.measure.distance[states[count]] === Infinity) {
          say("Nothing can go wrong from here: undo (U).");
        }
      }
      verdict.className = "explorer-verdict " + (kind && "explorer-" + kind);
    }

    drawStars() {
      const { kept, stars, par } = this;
      const n = kept.stars || 0;
      const best = kept.best?.[this.variant];
      stars.textContent = "";
      const shown = make(stars, "span", "", kept.done ? "★★★".slice(0, n) + "☆☆☆".slice(n) : "☆☆☆");
      shown.role = "img";
      shown.ariaLabel = kept.done ? `Done, ${many(n, "star")} of 3` : "Not done yet";
      if (this.task === "break" && par < Infinity) {
        make(stars, "small", "", best ? `best ${best}, par ${par}` : `par ${par}`);
      }
      this.root.classList.toggle("explorer-solved", !!kept.done);
    }

    // A key: true if it was one of ours.
    press(key, shift) {
      const t = THREADS.indexOf(key.toUpperCase());
      if (this.panel && /^[1-9]$/.test(key)) {
        const choice = this.panel.choices[key - 1];
        if (choice) choice[1]();
        return !!choice;
      }
      if (t >= 0 && t < this.data.threads) this.stepThread(t, shift ? 1 : 0);
      else if (key === "k" && this.kills.length) this.kill();
      else if (key === "u") this.undo();
      else if (key === "r") this.reset();
      else if (key === "m") this.show();
      else if (key === "f") this.faster();
      else if (key === "h") this.history();
      else if (key === "p") this.prove();
      else if (key === "l" && this.full.folded) this.fold();
      else if (key === "escape" && this.panel) this.ask(null);
      else return false;
      return true;
    }
  }

  // Source as rows, for an explorer that no builder has made.
  const fill = (code, lines) => {
    code.textContent = "";
    lines.forEach((line, i) => {
      const row = make(code, "div", "explorer-row");
      make(row, "span");
      make(row, "i", "", i + 1);
      make(row, "span", "", line).style.setProperty("--in", line.search(/\S|$/));
    });
  };

  locksmith.explorer = (host, { id, goal, lines, data }) => {
    const root = make(host, "figure", "explorer");
    root.id = id;
    make(make(root, "figcaption", "explorer-goal"), "strong", "", goal);
    const part = (name) => make(root, "div", "explorer-" + name);
    ["bar", "map", "verdict"].forEach(part);
    const body = part("body");
    const code = make(body, "div", "explorer-code");
    code.tabIndex = 0;
    code.role = "region";
    code.ariaLabel = "The source";
    make(body, "div", "explorer-side");
    part("foot");
    fill(code, lines);
    return new Explorer(root, data);
  };

  const start = () => {
    const roots = [...document.querySelectorAll(".explorer")];
    const all = roots.map((root) => new Explorer(root, JSON.parse(root.querySelector("script").textContent)));
    addEventListener("hashchange", () => all.forEach((explorer) => {
      if (explorer.sent()) explorer.open();
    }));
    // A reader who comes by a link to a level can press its keys at once.
    const here = all.find(({ root }) => location.hash === "#" + root.id);
    here?.root.focus({ preventScroll: true });
    here?.root.scrollIntoView();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
