// Memory, as the compiled explorer has it (book/explorer/src/memory.rs tells why, rule by rule): a word keeps
// all values that were stored, each with a view; a thread's view says from which of them on it may read.
//
// A view is a list of numbers: for each object the stamp of the newest message that was seen, then for each
// thread how many of its accesses to cells were. Views and messages never change once they are made, so states
// share them.

const join = (a, b) => a.map((n, i) => Math.max(n, b[i]));

function withStamp(view, i, stamp) {
  if (view[i] >= stamp) return view;
  const copy = view.slice();
  copy[i] = stamp;
  return copy;
}

const acquires = (order) => order === "Acquire" || order === "AcqRel" || order === "SeqCst";
const releases = (order) => order === "Release" || order === "AcqRel" || order === "SeqCst";

class Memory {
  // `kinds`: for each object whether it is a cell, and what is in it.
  constructor(objects, threads, weak) {
    this.none = new Array(objects.length + threads + 1).fill(0);
    this.words = objects.length;
    this.weak = weak;
    this.shared = this.none;
    this.objects = objects.map(({ cell, value }) => (cell
      ? { cell: true, value, writer: -1, write: 0, reads: new Array(threads + 1).fill(0) }
      : { messages: [{ value, view: this.none }] }));
  }

  copy() {
    const copy = Object.create(Memory.prototype);
    Object.assign(copy, this);
    copy.objects = this.objects.slice();
    return copy;
  }

  eyes() { return { now: this.none, acquirable: this.none, released: this.none }; }
  last(word) { return this.objects[word].messages.length - 1; }
  // What a word or a cell holds now.
  value(object) {
    const it = this.objects[object];
    return it.cell ? it.value : it.messages[it.messages.length - 1].value;
  }

  choices(eyes, word, order) {
    if (!this.weak) return 1;
    let first = eyes.now[word];
    if (order === "SeqCst") first = Math.max(first, this.shared[word]);
    return this.last(word) - first + 1;
  }

  load(eyes, word, order, older) {
    const stamp = this.last(word) - older;
    const { value, view } = this.objects[word].messages[stamp];
    eyes.now = withStamp(eyes.now, word, stamp);
    if (acquires(order)) eyes.now = join(eyes.now, view);
    else eyes.acquirable = join(eyes.acquirable, view);
    if (order === "SeqCst") this.shared = withStamp(this.shared, word, stamp);
    return value;
  }

  store(eyes, word, value, order, sequence) {
    const stamp = this.last(word) + 1;
    eyes.now = withStamp(eyes.now, word, stamp);
    let view = withStamp(releases(order) ? eyes.now : eyes.released, word, stamp);
    if (sequence) view = join(view, sequence);
    if (order === "SeqCst") this.shared = withStamp(this.shared, word, stamp);
    this.objects[word] = { messages: [...this.objects[word].messages, { value, view }] };
  }

  // Reads the newest message, and writes what `change` makes of it, unless that is nothing.
  update(eyes, word, success, failure, change) {
    const newest = this.objects[word].messages[this.last(word)];
    const value = change(newest.value);
    if (value === undefined) return this.load(eyes, word, failure, 0);
    this.load(eyes, word, success, 0);
    this.store(eyes, word, value, success, newest.view);
    return newest.value;
  }

  fence(eyes, order) {
    if (acquires(order)) eyes.now = join(eyes.now, eyes.acquirable);
    if (order === "SeqCst") this.shared = eyes.now = join(eyes.now, this.shared);
    if (releases(order)) eyes.released = eyes.now;
  }

  isNews(eyes, word) { return this.last(word) > eyes.now[word]; }
  lookAgain(eyes, word) { eyes.now = withStamp(eyes.now, word, this.last(word)); }

  // An access to a cell. Returns the thread whose earlier access this one does not know of, or -1.
  access(thread, eyes, cell, write) {
    const it = this.objects[cell] = { ...this.objects[cell] };
    const seen = (other) => eyes.now[this.words + other];
    const unseen = (other, access) => other !== thread && access > seen(other);
    let race = it.writer >= 0 && unseen(it.writer, it.write) ? it.writer : -1;
    if (write && race < 0) race = it.reads.findIndex((access, other) => unseen(other, access));
    const mine = seen(thread) + 1;
    eyes.now = withStamp(eyes.now, this.words + thread, mine);
    if (write) {
      [it.writer, it.write, it.reads] = [thread, mine, it.reads.map(() => 0)];
    } else {
      it.reads = it.reads.slice();
      it.reads[thread] = mine;
    }
    return race;
  }

  put(cell, value) { this.objects[cell] = { ...this.objects[cell], value }; }

  // Writes down all that later steps of these threads depend on.
  describe(living, threads, key) {
    const base = this.objects.map((object, i) => {
      if (object.cell) return 0;
      if (!this.weak || !living.length) return this.last(i);
      return Math.min(...living.map((eyes) => eyes.now[i]));
    });
    const view = (seen) => {
      for (let i = 0; i < this.words; i++) key.push(Math.max(0, seen[i] - base[i]));
      for (let t = 0; t < threads; t++) key.push(seen[this.words + t]);
    };
    for (const eyes of living) {
      view(eyes.now);
      view(eyes.acquirable);
      view(eyes.released);
    }
    view(this.shared);
    this.objects.forEach((object, i) => {
      if (object.cell) {
        key.push(Math.max(0, object.writer), object.write, ...object.reads.slice(0, threads));
      } else {
        key.push(object.messages.length - base[i]);
        for (const message of object.messages.slice(base[i])) {
          key.push(message.value);
          view(message.view);
        }
      }
    });
  }
}
