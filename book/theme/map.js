// The map of all states of a graph: a column a step, a mark a state. It knows nothing of the rest of the page:
//
//     const map = new locksmith.StateMap(element, { pick: (state) => …, say: (state) => "a sentence" });
//     map.show(nodes);          // draws a graph
//     map.walk([0, 2, 5]);      // the states that were gone through; the last is where the reader is
//
// A node is [values, stands, steps] or, if it is broken, [values, stands, steps, verdict]; a step is
// [thread, label, word, state]; state 0 is the start (explorer/src/graph.rs). `locksmith.measure(nodes)` says
// how far each state is from the start and from the nearest broken one.
(() => {
  "use strict";

  const locksmith = (window.locksmith ||= {});
  const BAD = 3; // index of the verdict in a node

  // { distance: steps to the nearest broken state, depth: steps from the start, from: [state, step] on a
  // shortest way from the start, par: steps from the start to the nearest broken state, red: the broken states }
  locksmith.measure = (nodes) => {
    const back = nodes.map(() => []);
    nodes.forEach((n, i) => n[2].forEach((e) => back[e[3]].push(i)));
    const distance = nodes.map((n) => (n[BAD] === undefined ? Infinity : 0));
    const red = [...nodes.keys()].filter((i) => !distance[i]);
    let open = [...red];
    for (let k = 0; k < open.length; k++) {
      for (const p of back[open[k]]) {
        if (distance[p] === Infinity) {
          distance[p] = distance[open[k]] + 1;
          open.push(p);
        }
      }
    }
    const [from, depth] = [[null], [0]];
    open = [0];
    for (let k = 0; k < open.length; k++) {
      nodes[open[k]][2].forEach((e, step) => {
        if (depth[e[3]] === undefined) {
          depth[e[3]] = depth[open[k]] + 1;
          from[e[3]] = [open[k], step];
          open.push(e[3]);
        }
      });
    }
    return { distance, depth, from, par: distance[0], red };
  };

  // What a state is, told by shape as well as by colour.
  const cross = (x, y, r) => `M${x - r},${y - r}l${2 * r},${2 * r}m0,${-2 * r}l${-2 * r},${2 * r}`;
  const diamond = (x, y, r) => `M${x},${y - r}l${r},${r}l${-r},${r}l${-r},${-r}z`;
  const disc = (x, y, r) => `M${x - r},${y}a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0z`;
  const MARKS = [["safe", disc, 1], ["risky", diamond, 1.25], ["broken", cross, 1.5]];

  locksmith.StateMap = class {
    constructor(host, { pick, say }) {
      Object.assign(this, { host, pick, say });
      host.tabIndex = 0;
      host.role = "application";
      host.ariaRoleDescription = "map of states";
      host.onclick = (event) => {
        const state = this.near(event);
        if (state !== undefined) this.pick(state);
      };
      host.onkeydown = (event) => this.key(event);
      host.onblur = () => this.look(undefined);
      if (window.ResizeObserver) {
        new ResizeObserver(() => {
          if (this.nodes && host.clientWidth && host.clientWidth !== this.width) this.draw();
        }).observe(host);
      }
    }

    show(nodes, measures = locksmith.measure(nodes)) {
      this.nodes = nodes;
      this.measures = measures;
      this.states = [0];
      this.draw();
    }

    draw() {
      const { nodes, measures: { depth, distance, red } } = this;
      const layers = [];
      depth.forEach((d, i) => (layers[d] ||= []).push(i));
      const tallest = Math.max(...layers.map((layer) => layer.length));
      const width = (this.width = this.host.clientWidth || 800);
      const most = innerHeight < 780 ? 92 : 128;
      const height = Math.max(52, Math.min(most, 15 * tallest + 14));
      const wide = (width - 28) / Math.max(1, layers.length - 1);
      // Within a column, a state stands where those stand from which it is reached: fewer lines cross.
      const [sum, count] = [nodes.map(() => 0), nodes.map(() => 0)];
      this.at = [];
      layers.forEach((layer, d) => {
        const mean = (i) => (count[i] ? sum[i] / count[i] : 0);
        layer.sort((a, b) => mean(a) - mean(b) || a - b);
        layer.forEach((i, k) => {
          const y = (height * (k + 1)) / (layer.length + 1);
          this.at[i] = [Math.round(14 + wide * d), Math.round(y * 10) / 10];
          nodes[i][2].forEach((e) => { sum[e[3]] += y; count[e[3]]++; });
        });
      });
      this.layers = layers;
      const size = Math.max(1.3, Math.min(4.2, wide / 3, height / tallest / 2.6));
      this.size = size;
      const kind = (i) => (!distance[i] ? 2 : distance[i] < Infinity ? 1 : 0);
      const lines = nodes.flatMap((n, i) => n[2].map((e) => `M${this.at[i]}L${this.at[e[3]]}`));
      // Broken ones last, so that they lie on top.
      const marks = MARKS.map(([name, mark, scale], k) => {
        const mine = nodes.map((n, i) => (kind(i) === k
          ? mark(...this.at[i], Math.round(size * scale * (n[2].length ? 1 : 1.35) * 10) / 10) : ""));
        return `<path class="${name}" style="stroke-width:${Math.min(2.4, size * 0.75)}" d="${mine.join("")}"/>`;
      });
      this.host.ariaLabel = `Map: ${nodes.length} states, ${red.length} of them broken. `
        + "Arrow keys look around, Enter goes there.";
      this.host.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">`
        + `<path class="all" d="${lines.join("")}"/>${marks.join("")}<path class="way"/>`
        + '<circle class="look" r="7" visibility="hidden"/><circle class="now" r="9"/></svg>'
        + '<p class="explorer-looked" role="status"></p>';
      this.walk(this.states);
    }

    walk(states) {
      this.states = states;
      this.host.querySelector(".way").setAttribute("d", "M" + states.map((i) => this.at[i]).join("L"));
      this.place(".now", states[states.length - 1]);
      this.look(undefined);
    }

    place(selector, state) {
      const circle = this.host.querySelector(selector);
      const [x, y] = this.at[state];
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
      return circle;
    }

    // The state nearest to where the pointer is, if one is near.
    near(event) {
      const box = this.host.firstChild.getBoundingClientRect();
      const scale = this.width / box.width;
      const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      let [best, least] = [undefined, 12 ** 2];
      this.at.forEach(([a, b], i) => {
        const d = (a - x) ** 2 + (b - y) ** 2;
        if (d < least) [best, least] = [i, d];
      });
      return best;
    }

    // Looks at a state without going there.
    look(state) {
      this.looked = state;
      const said = this.host.querySelector(".explorer-looked");
      if (!said) return;
      this.place(".look", state ?? 0).setAttribute("visibility", state === undefined ? "hidden" : "visible");
      said.textContent = state === undefined ? "" : this.say(state);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const here = this.looked ?? this.states[this.states.length - 1];
      const layer = this.layers[this.measures.depth[here]];
      const k = layer.indexOf(here);
      const to = {
        ArrowRight: () => this.nodes[here][2][0]?.[3],
        ArrowLeft: () => this.measures.from[here]?.[0],
        ArrowUp: () => layer[k - 1],
        ArrowDown: () => layer[k + 1],
        Home: () => 0,
        Escape: () => undefined,
      }[event.key];
      if (event.key === "Enter" && this.looked !== undefined) this.pick(here);
      else if (to) this.look(event.key === "Escape" ? undefined : to() ?? here);
      else return;
      // The arrows would turn the page.
      event.preventDefault();
      event.stopPropagation();
    }
  };
})();
