// A run: all threads and words, and what a step does to them (book/explorer/src/world.rs and run.rs).
//
// Worlds are values here: a step makes a new one from the old one. They share what does not differ.

// How many rounds of loops a thread makes from its start, or how deep it calls: more is a loop without an end.
const MOST_ROUNDS = 20_000;

// What stops a thread before an operation, and the main program while the threads run.
class Pending {
  constructor(operation) { this.operation = operation; }
}
class Suspended {}

// Who is running: the main program, or a thread that is told what it was told before.
let running;

// An operation. A thread that has made it before is told what came of it; otherwise it stops here.
function operate(operation) {
  const { facts } = running;
  if (running.main) return running.main(operation);
  if (operation.kind === "yield") {
    if (running.told < facts.length) return undefined;
    if (!running.yields) throw new Pending(operation);
    running.yields -= 1;
    running.effects = [];
    return undefined;
  }
  if (running.told === facts.length) throw new Pending(operation);
  running.effects = [];
  running.told += 1;
  return facts[running.told - 1];
}

// Writes into a cell.
function put_in(cell, value) { running.effects.push([cell, value]); }

// A round of a loop.
function burn(line) {
  running.rounds += 1;
  if (running.rounds > MOST_ROUNDS) refuse(line, "this loop goes round and round without a step that could change anything");
}

function part_of(hint, what) {
  const { making } = running;
  if (hint === undefined || !making) return what();
  making.push(hint);
  try {
    return what();
  } finally {
    making.pop();
  }
}

// Makes an atomic or a cell.
function make({ cell, shape, value, hint, line }) {
  if (!running.make) refuse(line, "words are made in `main`, before the threads start");
  const { making } = running;
  // A cell is what the whole is there for, and is called as the whole.
  const path = cell && making.length ? [...making] : [...making, hint].filter((name) => name !== undefined);
  return running.make({ cell, shape: real(shape), value: +value, path, line });
}

function run_static(named) { return running.statics.get(named); }
function scoped(body, line) { return running.scoped ? running.scoped(body, line) : refuse(line, "only `main` starts threads"); }
function started(body, frame, line) { return running.started ? running.started(body, frame, line) : refuse(line, "only `main` starts threads"); }
function joined(handle, line) { return running.joined ? running.joined(handle) : refuse(line, "only `main` waits for the end of a thread"); }

// The main program: up to the start of the threads; and, when they have ended, what is left of it.
class Main {
  constructor(meaning) {
    this.meaning = meaning;
    this.objects = [];
    this.threads = [];
  }

  // Runs it. `world`: how things stand when all threads have ended, otherwise it is the start.
  run(world) {
    let [made, thread] = [0, 0];
    let over = false;
    const suspend = () => {
      if (!world) throw new Suspended();
      over = true;
    };
    const main = (operation) => (over ? world.alone(operation)
      : refuse(operation.line, "give a word its first value in `new`: before the threads start `main` does nothing else with it"));
    running = {
      facts: [], effects: [], rounds: 0, yields: 0, told: 0, making: [], statics: new Map(), main,
      make: (object) => {
        if (over) refuse(object.line, "words are made before the threads start");
        if (made === this.objects.length) this.objects.push(object);
        return { word: made++ };
      },
      started: (body, frame, line) => {
        if (over) refuse(line, "all threads start before the first is joined");
        if (thread === this.threads.length) this.threads.push({ body, frame: frame.slice(), line });
        return { thread: thread++ };
      },
      scoped: (body, line) => {
        if (thread) refuse(line, "one `thread::scope` starts all threads");
        const value = body();
        suspend();
        return value;
      },
      joined: (handle) => {
        suspend();
        return world.threads[handle.thread].value;
      },
    };
    this.statics = running.statics;
    for (const it of this.meaning.statics) this.statics.set(it, it.value.run([]));
    try {
      this.meaning.fns.get("main").run([]);
      suspend();
    } catch (stop) {
      if (stop instanceof Panic && !over) refuse(this.meaning.fns.get("main").item, `\`main\` panics before the threads start: ${stop.text}`);
      if (!(stop instanceof Suspended)) throw stop;
    }
  }
}

// What an operation that reads and writes makes of a value.
function updated(object, { name, value, line }, old) {
  const of = UPDATES[name];
  const { shape } = object;
  if (typeof of === "function") return wrapped(shape.k === "bool" ? int.u8 : shape, of(old, value), line);
  const type = shape.k === "bool" ? int.u8 : shape;
  if (of !== "nand") return ofBits(of, old, value, type, line);
  return (shape.k === "bool" ? 1 : most(type)) - ofBits("&", old, value, type, line);
}

// Numbers for what threads have found out: equal histories are one.
class History {
  constructor(id, facts) {
    this.id = id;
    this.facts = facts;
    this.later = new Map();
    this.next = new Map(); // by thread and how often it has waited since: what it does next
  }
}

const [READY, ASLEEP, WAITING, DONE] = [0, 1, 2, 3];
const threadName = (t) => "ABCDEF"[t];

class World {
  constructor(program) {
    this.program = program; // what all worlds of a search share
    const { main, rules } = program;
    this.memory = new Memory(main.objects, main.threads.length, rules.weak);
    this.missed = main.objects.map(() => false);
    this.verdict = undefined;
    this.threads = main.threads.map(() => ({
      status: READY, pending: undefined, eyes: this.memory.eyes(), history: program.start, yields: 0, read: [],
      spurious: rules.spurious, called: -1, away: -1, value: undefined,
    }));
    this.threads.forEach((_, t) => this.resume(t));
    this.judge();
  }

  copy() {
    const copy = Object.create(World.prototype);
    Object.assign(copy, this);
    copy.memory = this.memory.copy();
    copy.missed = this.missed.slice();
    copy.threads = this.threads.map((thread) => ({ ...thread, eyes: { ...thread.eyes }, read: thread.read.slice() }));
    return copy;
  }

  // Lets a thread go on as far as its next operation.
  resume(t) {
    const thread = this.threads[t];
    const { pending, panic, value, effects } = this.program.next(t, thread.history, thread.yields);
    for (const [cell, content] of effects) this.memory.put(cell, content);
    thread.value = value;
    thread.pending = pending;
    thread.status = !pending ? DONE : pending.kind === "yield" ? WAITING : READY;
    if (panic !== undefined) this.verdict ||= ["Wrong result", `${threadName(t)} panics: ${panic}`];
  }

  learn(t, fact) {
    const thread = this.threads[t];
    thread.history = this.program.learn(thread.history, fact);
    thread.yields = 0;
  }

  sleepers(word) {
    const on = ({ status, pending }) => status === ASLEEP && pending.word === word;
    return this.threads.flatMap((thread, t) => (on(thread) ? [t] : []));
  }

  // In how many ways a thread can make its next step; 0 if it cannot.
  ways(t) {
    const { status, pending, eyes, spurious, away } = this.threads[t];
    if (status === ASLEEP) return spurious ? 1 : 0;
    if (status !== READY) return 0;
    // The kernel has just told it that the word is another than it believed.
    if (pending.kind === "load" && pending.word === away) return 1;
    if (pending.kind === "load") return this.memory.choices(eyes, pending.word, pending.order);
    return pending.kind === "wake_one" ? Math.max(1, this.sleepers(pending.word).length) : 1;
  }

  choices() {
    const ways = (t) => Array.from({ length: this.ways(t) }, (_, choice) => [t, choice]);
    return this.verdict ? [] : this.threads.flatMap((_, t) => ways(t));
  }

  // Makes a thread's next step. Returns what it looked like.
  step([t, choice]) {
    const thread = this.threads[t];
    const { pending } = thread;
    if (thread.status === ASLEEP) {
      thread.spurious -= 1;
      this.learn(t, { value: 0, ok: false });
      this.goOn([t]);
      return { word: pending.word, text: "wait → wakes up spuriously", stale: false };
    }
    const newest = pending.word === undefined ? undefined : this.memory.value(pending.word);
    const { fact, text, woken } = this.perform(t, thread.eyes, pending, choice);
    thread.away = pending.kind === "sleep" && !fact.ok ? pending.word : -1;
    const go = woken || [];
    for (const other of go) this.learn(other, { value: 0, ok: true });
    if (pending.kind === "sleep" && fact.ok) thread.status = ASLEEP;
    else {
      this.learn(t, fact);
      go.push(t);
    }
    this.goOn(go);
    return { word: pending.word, text, stale: pending.kind === "load" && newest !== fact.value };
  }

  goOn(threads) {
    for (const t of threads) this.resume(t);
    for (let rounds = 0; ; rounds++) {
      const t = this.threads.findIndex((thread, i) => thread.status === WAITING && this.goesOn(i));
      if (t < 0) break;
      if (rounds > 1000) refuse(this.threads[t].pending.line, "this loop waits without ever looking at a word");
      this.threads[t].yields += 1;
      this.resume(t);
    }
    this.judge();
  }

  // A thread that waits in a loop goes on if something that it has read has changed, or if it has read nothing.
  goesOn(t) {
    const thread = this.threads[t];
    if (thread.read.length && !thread.read.some((word) => this.memory.isNews(thread.eyes, word))) return false;
    for (const word of thread.read) this.memory.lookAgain(thread.eyes, word);
    thread.read = [];
    return true;
  }

  // Does an operation.
  perform(t, eyes, operation, choice) {
    const { memory, program } = this;
    const { kind, word, line } = operation;
    const object = program.main.objects[word];
    const thread = this.threads[t];
    const show = (value) => (object.shape.k === "bool" ? String(!!value) : String(value));
    const noted = () => { if (thread && !thread.read.includes(word)) thread.read.push(word); };
    if (thread && ["store", "update", "exchange"].includes(kind)) thread.called = -1;
    const done = (value, ok, text, woken) => ({ fact: { value, ok }, text, woken });
    switch (kind) {
      case "load": {
        const value = memory.load(eyes, word, operation.order, choice);
        noted();
        return done(value, true, `load → ${show(value)}`);
      }
      case "store":
        memory.store(eyes, word, operation.value, operation.order);
        return done(operation.value, true, `store(${show(operation.value)})`);
      case "update": {
        const { order, name } = operation;
        const old = memory.update(eyes, word, order, order, (value) => updated(object, operation, value));
        noted();
        return done(old, true, `${name}(${show(operation.value)}) → ${show(old)}`);
      }
      case "exchange": {
        const { expected, next, success, failure } = operation;
        const old = memory.update(eyes, word, success, failure, (value) => (value === expected ? next : undefined));
        noted();
        const ok = old === expected;
        return done(old, ok, `compare_exchange(${show(expected)}, ${show(next)}) → ${ok ? "Ok" : "Err"}(${show(old)})`);
      }
      case "fence":
        memory.fence(eyes, operation.order);
        return done(0, true, `fence(${operation.order})`);
      case "sleep": {
        // The kernel looks at the word as it is.
        const now = memory.value(word);
        const asleep = now === operation.expected;
        const came = asleep ? "falls asleep" : `no: it is ${show(now)}`;
        return done(0, asleep, `wait(${show(operation.expected)}) → ${came}`);
      }
      case "wake_one": case "wake_all": {
        let sleepers = this.sleepers(word);
        if (kind === "wake_one" && sleepers.length) sleepers = [sleepers[choice]];
        if (!sleepers.length) this.missed[word] = true;
        for (const other of sleepers) this.threads[other].called = word;
        return done(0, sleepers.length > 0, `${kind} → ${sleepers.map(threadName).join(", ") || "no thread"}`, sleepers);
      }
      case "read": case "write": {
        const write = kind === "write";
        const other = memory.access(t, eyes, word, write);
        if (other >= 0) {
          const what = write ? "writes it" : "reads it";
          this.verdict ||= ["Data race", `${threadName(t)} ${what}, and nothing orders that after what ${threadName(other)} did to it`];
        }
        const found = memory.value(word);
        return { fact: { value: 0, ok: true, found }, text: kind };
      }
      default: return refuse(line, "an operation without a meaning");
    }
  }

  // An operation of the main program, when all threads have ended.
  alone(operation) {
    if (operation.kind === "yield") return undefined;
    if (operation.kind === "sleep" && this.memory.value(operation.word) === operation.expected) {
      refuse(operation.line, "`main` sleeps, and no thread is left that could wake it");
    }
    return this.perform(this.threads.length, this.eyes, operation, 0).fact;
  }

  // Two threads where one may be; or none can go on, though not all have ended.
  judge() {
    if (this.verdict) return;
    const { critical } = this.program.main.meaning;
    const inside = ({ status, pending }) => status !== DONE
      && critical.some(([from, to]) => from <= pending.line && pending.line <= to);
    const both = this.threads.flatMap((thread, t) => (inside(thread) ? [threadName(t)] : []));
    if (both.length > 1) {
      this.verdict = ["Two inside", `${both[0]} and ${both[1]} are both inside`];
    } else if (this.threads.some(({ status }) => status !== DONE) && this.threads.every((_, t) => !this.ways(t))) {
      this.verdict = this.stuck();
    }
  }

  stuck() {
    const who = [];
    let [asleep, missed] = [false, false];
    this.threads.forEach(({ status, pending, called }, t) => {
      if (status === ASLEEP) {
        asleep = true;
        // It would not fall asleep now, or a call came too early, or it could do nothing with it.
        missed ||= this.memory.value(pending.word) !== pending.expected || this.missed[pending.word] || called === pending.word;
        who.push(`${threadName(t)} sleeps`);
      } else if (status !== DONE) who.push(`${threadName(t)} waits in its loop`);
    });
    const all = who.join(", ");
    if (!asleep) return ["Waits without end", `${all}, and nothing will ever change`];
    if (missed) return ["Lost wake-up", `${all}, and no thread will ever call again`];
    return ["Deadlock", who.length > 1 ? `${all}, and each waits for another` : `${all}, and no thread is left to wake it`];
  }

  // After the last step: runs the rest of the main program, if all has gone well so far.
  conclude() {
    if (this.verdict || this.threads.some(({ status }) => status !== DONE)) return this.verdict;
    const world = this.copy();
    world.eyes = world.threads.reduce((all, { eyes }) => ({ ...all, now: join(all.now, eyes.now) }), world.memory.eyes());
    try {
      this.program.main.run(world);
    } catch (stop) {
      if (!(stop instanceof Panic)) throw stop;
      return ["Wrong result", stop.text];
    }
    return world.verdict;
  }

  // Everything that what comes later depends on, and nothing else.
  key() {
    const key = [];
    for (const { history, status, spurious, read, eyes } of this.threads) {
      key.push(history.id, status, spurious);
      for (const word of read) key.push(+this.memory.isNews(eyes, word));
    }
    const living = this.threads.flatMap(({ status, eyes }) => (status === DONE ? [] : [eyes]));
    this.memory.describe(living, this.threads.length, key);
    this.program.main.objects.forEach(({ cell }, i) => {
      key.push(+this.missed[i]);
      if (cell) key.push(this.memory.value(i));
    });
    key.push(this.verdict ? 1 : 0);
    return key.join();
  }
}
