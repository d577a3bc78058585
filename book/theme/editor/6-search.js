// All runs of a program: the graph of its states, as the compiled explorer makes it (book/explorer/src/search.rs
// and graph.rs).

const MOST_STATES = 30_000;
const MOST_STEPS = 500;
const MOST_THREADS = 3;

class Search {
  // `rules`: `weak` if a load may see an older value; `spurious`, how often each sleeper may wake up for no
  // reason; `asleep`, how many threads have fallen asleep when it begins.
  constructor(text, rules) {
    this.rules = { weak: true, spurious: 0, asleep: 0, ...rules };
    this.main = new Main(new Meaning(text));
    this.main.run();
    const { threads, objects } = this.main;
    if (!threads.length) refuse(1, "`main` starts no thread: `thread::scope(|s| { s.spawn(|| …); });`");
    if (threads.length > MOST_THREADS) refuse(threads[MOST_THREADS].line, `at most ${MOST_THREADS} threads can be explored`);
    if (!objects.length) refuse(1, "the threads share nothing: make an atomic in `main`");
    this.histories = 0;
    this.start = new History(0, []);
    this.known = new Map();
    this.nodes = [];
    this.open = [];
    const world = new World(this);
    for (let t = 0; t < this.rules.asleep; t++) this.fallAsleep(world, t);
    this.asleep = world.threads.flatMap(({ status, pending }, t) => (status === ASLEEP ? [[t, pending.word]] : []));
    this.visit(world, 0);
  }

  fallAsleep(world, t) {
    while (world.threads[t] && world.threads[t].status === READY) world.step([t, 0]);
    if (!world.threads[t] || world.threads[t].status !== ASLEEP) refuse(1, `thread ${threadName(t)} does not fall asleep`);
  }

  learn(history, fact) {
    const text = `${fact.value},${+fact.ok},${fact.found}`;
    let later = history.later.get(text);
    if (!later) {
      later = new History(++this.histories, [...history.facts, fact]);
      history.later.set(text, later);
    }
    return later;
  }

  // What a thread does next that has found out so much, and has since waited so often.
  next(t, history, yields) {
    const name = t + MOST_THREADS * yields;
    let next = history.next.get(name);
    if (!next) {
      next = this.run(t, history, yields);
      history.next.set(name, next);
    }
    return next;
  }

  run(t, history, yields) {
    const { body, frame } = this.main.threads[t];
    running = { facts: history.facts, told: 0, yields, effects: [], rounds: 0, statics: this.main.statics };
    try {
      const value = body(frame.slice());
      return { value, effects: running.effects };
    } catch (stop) {
      const { effects } = running;
      if (stop instanceof Pending) return { pending: stop.operation, effects };
      if (stop instanceof Panic) return { panic: stop.text, effects };
      if (stop instanceof RangeError) refuse(this.main.threads[t].line, "this thread calls a function that calls itself without end");
      throw stop;
    }
  }

  // Notes a state. Returns its number.
  visit(world, depth) {
    const key = world.key();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const state = this.nodes.length;
    this.known.set(key, state);
    const choices = world.choices();
    const values = this.main.objects.map((_, i) => world.memory.value(i));
    const stands = world.threads.map(({ status, pending }) => (status === DONE ? undefined : [pending.line, status]));
    const verdict = choices.length ? undefined : world.conclude();
    this.nodes.push({ values, stands, edges: [], verdict });
    for (let i = choices.length - 1; i >= 0; i--) this.open.push([state, choices[i], world, depth]);
    return state;
  }

  // Makes so many steps at most. Returns whether there are more.
  work(steps) {
    for (let i = 0; i < steps && this.open.length; i++) {
      if (this.nodes.length > MOST_STATES) return false;
      const [from, step, before, depth] = this.open.pop();
      if (depth === MOST_STEPS) {
        refuse(before.threads[step[0]].pending.line, `after ${MOST_STEPS} steps the program still goes on: a loop that waits needs a `
          + "`thread::yield_now();`, so that a round that finds nothing new adds no state, and a loop that counts needs fewer rounds");
      }
      const world = before.copy();
      const { word, text, stale } = world.step(step);
      const to = this.visit(world, depth + 1);
      const edges = this.nodes[from].edges;
      const same = (edge) => edge.thread === step[0] && edge.to === to && edge.text === text;
      if (!edges.some(same)) edges.push({ thread: step[0], choice: step[1], word, text, stale, to });
    }
    return this.open.length > 0;
  }

  get full() { return this.nodes.length > MOST_STATES; }

  // The graph in the form in which the pages have it; each state numbered when it is first met in breadth.
  graph() {
    const { nodes } = this;
    for (const { edges } of nodes) edges.sort((a, b) => a.thread - b.thread || a.choice - b.choice);
    const order = [0];
    const number = new Map([[0, 0]]);
    for (let i = 0; i < order.length; i++) {
      for (const { to } of nodes[order[i]].edges) {
        if (!number.has(to)) {
          number.set(to, order.length);
          order.push(to);
        }
      }
    }
    const edges = nodes.flatMap((node) => node.edges);
    const touched = new Set([...edges.map(({ word }) => word), ...this.asleep.map(([, word]) => word)]);
    touched.delete(undefined);
    const used = [...touched].sort((a, b) => a - b);
    const names = namesOf(this.main.objects.map(({ path }) => path));
    const places = [...new Set(nodes.flatMap(({ stands }) => stands.flatMap((stand) => (stand ? [stand[0]] : []))))];
    places.sort((a, b) => a - b);
    const table = () => {
      const all = new Map();
      const list = [];
      return { list, entry: (it) => {
        const text = String(it);
        if (!all.has(text)) {
          all.set(text, list.length);
          list.push(it);
        }
        return all.get(text);
      } };
    };
    const [labels, verdicts] = [table(), table()];
    const sorted = order.map((old) => {
      const { values, stands, edges: steps, verdict } = nodes[old];
      const node = [
        used.map((word) => values[word]),
        stands.map((stand) => (stand ? 3 * (stand[0] - 1) + stand[1] : -1)),
        steps.map(({ thread, text, word, stale, to }) => [thread, labels.entry(text), word === undefined ? -1 : used.indexOf(word), number.get(to), ...(stale ? [1] : [])]),
      ];
      if (verdict) node.push(verdicts.entry(verdict));
      return node;
    });
    return {
      threads: this.main.threads.length,
      words: used.map((word) => [names[word], this.main.objects[word].shape.k === "bool" ? "flag" : "number"]),
      asleep: this.asleep.map(([t, word]) => [t, used.indexOf(word)]),
      toggles: [],
      critical: this.main.meaning.critical,
      places,
      variants: [{ ways: String(interleavings(sorted)), labels: labels.list, verdicts: verdicts.list, nodes: sorted }],
    };
  }
}

// How many ways there are from the start to an end: no step leads back.
function interleavings(nodes) {
  const known = new Array(nodes.length);
  const open = [0];
  while (open.length) {
    const state = open[open.length - 1];
    const edges = nodes[state][2];
    const unknown = edges.filter((edge) => known[edge[3]] === undefined);
    if (unknown.length) open.push(...unknown.map((edge) => edge[3]));
    else {
      open.pop();
      known[state] = edges.length ? edges.reduce((sum, edge) => sum + known[edge[3]], 0n) : 1n;
    }
  }
  return known[0];
}

// Names of words: that of the field or variable, and that of the whole where two would be called the same.
function namesOf(paths) {
  const last = (path, n) => path.slice(-n).join(".");
  const names = [];
  for (const path of paths) {
    const twins = paths.filter((other) => other.join() === path.join()).length;
    let n = 1;
    while (n < path.length && paths.filter((other) => last(other, n) === last(path, n)).length !== twins) n += 1;
    const name = path.length ? last(path, n) : "word";
    const earlier = paths.slice(0, names.length).filter((other) => other.join() === path.join()).length;
    names.push(twins > 1 ? `${name}[${earlier}]` : name);
  }
  return names;
}
