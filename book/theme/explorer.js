// The explorer: a reader steps threads through every state that `cargo explore` found.
// The builder puts the source, the graphs and a plain table for readers without scripts into the page
// (builder/explore.rs); the format of a graph is told in explorer/src/graph.rs. Nothing is asked of any server.
(() => {
  "use strict";

  const THREADS = "ABCDEF";
  const [READY, ASLEEP, WAITING] = [0, 1, 2];
  const BAD = 3; // index of the verdict in a state

  const make = (parent, tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };

  // In a window of its own or from a file, a browser may refuse to keep anything.
  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* not kept */ } },
  };

  class Explorer {
    constructor(root) {
      this.root = root;
      this.key = "locksmith." + root.id;
      this.data = JSON.parse(root.querySelector("script").textContent);
      this.rows = [...root.querySelectorAll(".explorer-row")];
      this.code = root.querySelector(".explorer-code");
      this.kept = store.get(this.key);
      this.variant = +root.dataset.start || 0;
      this.path = []; // indices of the edges that were taken
      this.build();
      if (!this.follow(this.sent(), true)) this.follow(this.kept.path);
      this.choose(this.variant, this.path);
    }

    // What never changes.
    build() {
      const { root, data } = this;
      const bar = root.querySelector(".explorer-bar");
      this.steps = [];
      for (let t = 0; t < data.threads; t++) {
        this.steps.push(make(bar, "span", "explorer-steps"));
      }
      const button = (text, key, title, act) => {
        const b = make(bar, "button", "explorer-tool", text);
        b.type = "button";
        b.title = `${title} (key ${key})`;
        b.setAttribute("aria-keyshortcuts", key);
        b.onclick = () => act.call(this);
        return b;
      };
      this.undoButton = button("Undo", "U", "Take the last step back", this.undo);
      this.resetButton = button("Reset", "R", "Start anew", this.reset);
      this.showButton = button("Show me", "M", "Walk the shortest way to break it", this.show);
      this.proveButton = button("Prove it", "P", "Is there no red state?", this.prove);
      const side = root.querySelector(".explorer-side");
      this.words = make(side, "div", "explorer-words");
      this.lanes = make(side, "div", "explorer-lanes");
      this.lanes.tabIndex = 0;
      this.lanes.setAttribute("role", "log");
      this.lanes.setAttribute("aria-label", "What was done so far");
      this.lanes.style.gridTemplateColumns = `repeat(${data.threads}, minmax(0, 1fr))`;
      this.verdict = root.querySelector(".explorer-verdict");
      this.verdict.setAttribute("role", "status");
      this.map = root.querySelector(".explorer-map");
      const foot = root.querySelector(".explorer-foot");
      this.progress = make(foot, "span");
      this.link = make(foot, "a");
      this.link.onclick = () => navigator.clipboard?.writeText(this.link.href)
        .then(() => { this.link.textContent = "Link copied"; }, () => {});
      foot.hidden = false;
      this.toggles = root.querySelectorAll(".explorer-toggle");
      this.toggles.forEach((b) => {
        b.disabled = false;
        b.onclick = () => this.choose(this.variant ^ (1 << b.dataset.i), []);
      });
      root.classList.add("explorer-live");
    }

    // Takes on a variant: its graph, and its map.
    choose(variant, path) {
      this.variant = variant;
      this.path = path;
      this.graph = this.data.variants[variant];
      this.nodes = this.graph.nodes;
      this.toggles.forEach((b) => {
        const [from, to] = this.data.toggles[b.dataset.i];
        const changed = (variant >> b.dataset.i) & 1;
        b.textContent = changed ? to : from;
        b.setAttribute("aria-pressed", !!changed);
        b.title = `Put ${changed ? from : to} here`;
      });
      this.measure();
      this.drawMap();
      this.proved = false;
      this.draw();
    }

    // How far it is to something wrong, from each state; and from the start to each state.
    measure() {
      const back = this.nodes.map(() => []);
      this.nodes.forEach((n, i) => n[2].forEach((e) => back[e[3]].push(i)));
      this.distance = this.nodes.map((n) => (n[BAD] === undefined ? Infinity : 0));
      let open = this.nodes.flatMap((n, i) => (n[BAD] === undefined ? [] : [i]));
      while (open.length) {
        const i = open.shift();
        for (const p of back[i]) {
          if (this.distance[p] === Infinity) {
            this.distance[p] = this.distance[i] + 1;
            open.push(p);
          }
        }
      }
      this.from = [null];
      this.depth = [0];
      open = [0];
      while (open.length) {
        const i = open.shift();
        this.nodes[i][2].forEach((e, k) => {
          if (this.depth[e[3]] === undefined) {
            this.depth[e[3]] = this.depth[i] + 1;
            this.from[e[3]] = [i, k];
            open.push(e[3]);
          }
        });
      }
      this.par = this.distance[0];
    }

    // The states that the path leads through.
    walk() {
      const states = [0];
      for (const k of this.path) states.push(this.nodes[states[states.length - 1]][2][k][3]);
      return states;
    }

    edges(state, thread) {
      return this.nodes[state][2].map((e, k) => [e, k]).filter(([e]) => e[0] === thread);
    }

    // Ways as text: the variant, and a letter a step, with a digit where a thread had a choice.
    text() {
      const states = this.walk();
      const letters = this.path.map((k, i) => {
        const thread = this.nodes[states[i]][2][k][0];
        const which = this.edges(states[i], thread).findIndex(([, other]) => other === k);
        return THREADS[thread] + (which || "");
      });
      return `${this.variant}.${letters.join("")}`;
    }

    // The text in the page's address, if it is for this explorer.
    sent() {
      const [id, text] = location.hash.slice(1).split("=");
      return id === this.root.id ? text : "";
    }

    // Reads such a text; false if it is none, or leads nowhere.
    follow(text, show) {
      const match = /^(\d+)\.((?:[A-F]\d*)*)$/.exec(text || "");
      const graph = match && this.data.variants[match[1]];
      if (!graph) return false;
      const path = [];
      let state = 0;
      for (const [, letter, which] of match[2].matchAll(/([A-F])(\d*)/g)) {
        const edges = graph.nodes[state][2];
        const mine = edges.map((e, k) => k).filter((k) => THREADS[edges[k][0]] === letter);
        const k = mine[+which];
        if (k === undefined) return false;
        path.push(k);
        state = edges[k][3];
      }
      this.variant = +match[1];
      this.path = path;
      if (show) this.root.scrollIntoView();
      return true;
    }

    // What a reader can do.
    step(k) { this.path.push(k); this.proved = false; this.draw(true); }
    stepThread(t, which) {
      const states = this.walk();
      const mine = this.edges(states[states.length - 1], t)[which];
      if (mine) this.step(mine[1]);
    }
    undo() { if (this.path.pop() !== undefined) { this.proved = false; this.draw(true); } }
    reset() { this.path = []; this.proved = false; this.draw(true); }
    show() {
      if (this.par === Infinity) return this.prove();
      this.helped = true;
      this.goTo(this.distance.reduce((best, d, i) => (d || this.depth[i] >= this.depth[best] ? best : i),
        this.distance.indexOf(0)));
    }
    goTo(state) {
      this.path = [];
      for (let at = this.from[state]; at; at = this.from[at[0]]) this.path.unshift(at[1]);
      this.proved = false;
      this.draw(true);
    }
    prove() {
      this.proved = true;
      if (this.par === Infinity) this.kept.proved = true;
      this.draw(true);
    }

    // Draws the state in which the path ends.
    draw(moved) {
      const states = this.walk();
      const here = states[states.length - 1];
      const node = this.nodes[here];
      this.drawSteps(here, node);
      this.undoButton.disabled = this.resetButton.disabled = !this.path.length;
      this.drawCode(node, states);
      this.drawHistory(states);
      this.drawVerdict(node);
      this.drawPath(states);
      this.keep(node, moved);
    }

    label(edge) {
      const word = this.data.words[edge[2]];
      return (word ? word[0] + "." : "") + this.graph.labels[edge[1]];
    }

    drawSteps(here, node) {
      this.steps.forEach((box, t) => {
        const name = THREADS[t];
        const edges = this.edges(here, t);
        const stand = node[1][t];
        const how = stand < 0 ? "has ended" : [, "sleeps", "waits for a change"][stand % 3] || "";
        const texts = edges.map(([e]) => {
          const text = this.label(e);
          return edges.length > 1 ? text + (e[4] ? " (old)" : "") : text.split(" → ")[0];
        });
        while (box.children.length > Math.max(1, edges.length)) {
          if (box.lastChild === document.activeElement) box.firstChild.focus();
          box.lastChild.remove();
        }
        for (let i = 0; i < Math.max(1, edges.length); i++) {
          let b = box.children[i];
          if (!b) {
            b = make(box, "button", "explorer-step explorer-" + name);
            b.type = "button";
            b.onclick = () => this.stepThread(t, i);
            const key = i ? "Shift+" + name : name;
            if (i < 2) b.setAttribute("aria-keyshortcuts", key);
          }
          const ended = node[BAD] !== undefined;
          b.textContent = "";
          make(b, "b", "", i ? "⇧" + name : name);
          make(b, "span", "", texts[i] || (ended ? "the end" : how));
          b.disabled = !edges[i];
          b.setAttribute("aria-label", `Step thread ${name}: ${b.lastChild.textContent}`);
        }
      });
    }

    drawCode(node, states) {
      this.rows.forEach((row) => {
        row.firstChild.textContent = "";
        row.classList.remove("explorer-here");
      });
      const last = this.path.length && this.nodes[states[states.length - 2]][2][this.path[this.path.length - 1]][0];
      node[1].forEach((stand, t) => {
        const row = stand < 0 ? null : this.rows[Math.floor(stand / 3)];
        if (!row) return;
        const how = stand % 3;
        const chip = make(row.firstChild, "span", `explorer-chip explorer-${THREADS[t]}`, THREADS[t]);
        if (how !== READY) chip.classList.add(how === ASLEEP ? "explorer-asleep" : "explorer-waits");
        chip.title = `${THREADS[t]} ${["is about to do this", "sleeps here", "waits here for a change"][how]}`;
        row.classList.add("explorer-here");
        if (t === last) {
          const { code } = this;
          const top = row.offsetTop;
          if (top < code.scrollTop || top + 40 > code.scrollTop + code.clientHeight) {
            code.scrollTop = top - code.clientHeight / 2;
          }
        }
      });
    }

    drawHistory(states) {
      const node = this.nodes[states[states.length - 1]];
      const before = states.length > 1 ? this.nodes[states[states.length - 2]] : node;
      const sleeps = []; // on which word each thread went to sleep last
      for (const [t, w] of this.data.asleep) sleeps[t] = w;
      this.lanes.textContent = "";
      this.path.forEach((k, i) => {
        const edge = this.nodes[states[i]][2][k];
        const item = make(this.lanes, "span", "explorer-event explorer-" + THREADS[edge[0]], this.label(edge));
        item.style.gridColumn = edge[0] + 1;
        item.style.gridRow = i + 1;
        if (edge[4]) make(item, "em", "", ` old: it is ${this.value(this.nodes[states[i]], edge[2])}`);
        sleeps[edge[0]] = edge[2];
      });
      this.lanes.scrollTop = this.lanes.scrollHeight;
      this.words.textContent = "";
      this.data.words.forEach(([name], w) => {
        const box = make(this.words, "div", "explorer-word", name);
        make(box, "b", "", this.value(node, w));
        box.classList.toggle("explorer-changed", node[0][w] !== before[0][w]);
        node[1].forEach((stand, t) => {
          if (stand >= 0 && stand % 3 === ASLEEP && sleeps[t] === w) {
            make(box, "small", "explorer-" + THREADS[t], THREADS[t] + " sleeps");
          }
        });
      });
    }

    value(node, word) {
      const value = node[0][word];
      if (value === null) return "·";
      const shape = this.data.words[word][1];
      return shape === "flag" ? String(!!value) : shape === "pointer" ? (value ? "set" : "null") : String(value);
    }

    drawVerdict(node) {
      const { verdict, graph, nodes, par } = this;
      const steps = `${this.path.length} step${this.path.length === 1 ? "" : "s"}`;
      let [text, kind] = ["", ""];
      if (this.proved) {
        const red = nodes.filter((n) => n[BAD] !== undefined).length;
        const all = `${nodes.length} states, ${graph.ways} interleavings`;
        [text, kind] = red
          ? [`No proof: of ${all.replace(",", " (and")}) ${red} ${red > 1 ? "are" : "is"} red.`, "bad"]
          : [`Proved: all ${all} were tried, and none is red.`, "good"];
      } else if (node[BAD] !== undefined) {
        const [title, what] = graph.verdicts[node[BAD]];
        text = `${title}: ${what}. ${steps}; the shortest way has ${par}.`;
        kind = "bad";
      } else if (!node[2].length) {
        text = "Every thread has ended, and nothing went wrong on this way.";
        kind = "good";
      } else if (!this.path.length) {
        const able = [...THREADS].filter((name, t) => this.edges(0, t).length);
        text = `Your turn: ${able.join(" or ")} makes one step.`;
      } else {
        const last = this.lanes.lastChild;
        text = `${steps}. ${THREADS[last.style.gridColumnStart - 1]}: ${last.textContent}.`;
      }
      verdict.textContent = text;
      verdict.className = "explorer-verdict " + (kind && "explorer-" + kind);
    }

    keep(node, moved) {
      const { kept } = this;
      if (node[BAD] !== undefined && !this.helped && moved) {
        kept.best ||= {};
        kept.best[this.variant] = Math.min(this.path.length, kept.best[this.variant] || Infinity);
      }
      if (!this.path.length) this.helped = false;
      const best = kept.best && kept.best[this.variant];
      this.progress.textContent = this.par < Infinity
        ? (best ? `Broken in ${best} steps, par ${this.par}. ` : `Par: ${this.par} steps. `)
        : kept.proved ? "Proved. " : "";
      const hash = `#${this.root.id}=${this.text()}`;
      this.link.href = hash;
      this.link.textContent = "Link to this interleaving";
      this.red = node[BAD] !== undefined;
      // An exercise judges what was reached (exercise.js).
      this.root.dispatchEvent(new CustomEvent("explorer", { bubbles: true, detail: this }));
      if (!moved) return;
      kept.path = this.text();
      store.set(this.key, kept);
      history.replaceState(null, "", hash);
    }

    drawMap() {
      const layers = [];
      this.depth.forEach((d, i) => (layers[d] ||= []).push(i));
      const tallest = Math.max(...layers.map((layer) => layer.length));
      const width = this.map.clientWidth || 1000;
      const height = Math.max(60, Math.min(190, 16 * tallest + 16));
      const wide = (width - 28) / Math.max(1, layers.length - 1);
      this.at = [];
      layers.forEach((layer, d) => layer.forEach((i, k) => {
        this.at[i] = [Math.round(14 + wide * d), Math.round((height * (k + 1)) / (layer.length + 1))];
      }));
      const lines = this.nodes.flatMap((n, i) => n[2].map((e) => `M${this.at[i]}L${this.at[e[3]]}`));
      // Red ones last, so that they lie on top.
      const size = Math.max(1.4, Math.min(4, wide / 3, height / tallest / 3));
      const dots = ["green", "pink", "red"].map((kind) => this.nodes.map((n, i) => {
        const mine = n[BAD] !== undefined ? "red" : this.distance[i] < Infinity ? "pink" : "green";
        const [x, y] = this.at[i];
        const r = n[2].length ? size : size * 1.75;
        return mine === kind ? `<circle cx="${x}" cy="${y}" r="${r}" class="${kind}" data-i="${i}"/>` : "";
      }).join(""));
      this.map.innerHTML = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Map of all `
        + `${this.nodes.length} states: red ones are broken"><path class="all" d="${lines.join("")}"/>`
        + `${dots.join("")}<path class="way"/><circle class="now" r="10"/></svg>`;
      this.map.firstChild.onclick = (event) => {
        const i = event.target.dataset.i;
        if (i) { this.helped = true; this.goTo(+i); }
      };
    }

    drawPath(states) {
      this.map.querySelector(".way").setAttribute("d", "M" + states.map((i) => this.at[i]).join("L"));
      const now = this.map.querySelector(".now");
      const [x, y] = this.at[states[states.length - 1]];
      now.setAttribute("cx", x);
      now.setAttribute("cy", y);
      this.map.classList.toggle("explorer-proved", this.proved);
    }

    // A key: true if it was one of ours.
    press(key, shift) {
      const t = THREADS.indexOf(key.toUpperCase() || "?");
      if (t >= 0 && t < this.data.threads) this.stepThread(t, shift ? 1 : 0);
      else if (key === "u") this.undo();
      else if (key === "r") this.reset();
      else if (key === "m") this.show();
      else if (key === "p") this.prove();
      else return false;
      return true;
    }
  }

  const start = () => {
    const all = [...document.querySelectorAll(".explorer")].map((root) => new Explorer(root));
    const inView = ({ root }) => {
      const { top, bottom } = root.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
      const mine = all.find(({ root }) => root.contains(event.target)) || all.find(inView);
      if (mine && mine.press(event.key.length === 1 ? event.key.toLowerCase() : "", event.shiftKey)) {
        event.preventDefault();
        event.stopPropagation();
      }
    }, true);
    addEventListener("hashchange", () => all.forEach((explorer) => {
      if (explorer.follow(explorer.sent(), true)) explorer.choose(explorer.variant, explorer.path);
    }));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
