// Calls: the reader's own functions, and the operations that are steps.

function takes(line, name, wanted, found) {
  if (found !== wanted) refuse(line, `\`${name}\` takes ${wanted} values, and here are ${found}`);
}

Object.assign(Scope.prototype, {
  call(it, given, line, first = []) {
    takes(line, it.name, it.parameters.length - first.length, given.length);
    return [...first, ...given.map((part, i) => this.of(part, it.parameters[i + first.length]))];
  },

  on_call({ of, with: given, line }, hint) {
    if (of.kind !== "path") refuse(line, "this cannot be called");
    const { path } = of;
    const name = path[path.length - 1];
    const owner = path.length > 1 && this.meaning.structs.get(path[path.length - 2] === "Self" ? this.owner : path[path.length - 2]);
    const mine = owner ? owner.methods.get(name) : path.length === 1 || path[0] === "self" || path[0] === "crate" ? this.meaning.fns.get(name) : undefined;
    if (mine) {
      const values = this.call(mine, given, line);
      // What it makes is part of what this line makes.
      return { type: mine.result, run: (f) => part_of(hint, () => mine.run(values.map(({ run }) => run(f)))) };
    }
    if (owner) refuse(line, `\`${owner.name}\` has no function \`${name}\``);
    const many = (n) => takes(line, name, n, given.length);
    const last = path[path.length - 2];
    if (["Some", "Ok", "Err"].includes(name) && path.length === 1) {
      many(1);
      const value = this.compile(given[0]);
      const type = name === "Some" ? { k: "Option", of: value.type }
        : { k: "Result", of: name === "Ok" ? value.type : open(false), error: name === "Err" ? value.type : open(false) };
      return { type, run: (f) => [name, value.run(f)] };
    }
    if (name === "new" && Object.hasOwn(ATOMICS, last)) {
      many(1);
      const of = ATOMICS[last];
      const value = this.of(given[0], of);
      return { type: { k: "atomic", of }, run: (f) => make({ shape: of, value: value.run(f), hint, line }) };
    }
    if (name === "new" && last === "UnsafeCell") {
      many(1);
      const value = this.compile(given[0]);
      const type = { k: "cell", of: value.type };
      return { type, run: (f) => make({ cell: true, shape: value.type, value: value.run(f), hint, line }) };
    }
    if (last === "Arc" && (name === "new" || name === "clone")) {
      many(1);
      return this.compile(given[0], hint);
    }
    if (!path.slice(0, -1).every((part) => MODULES.includes(part))) return this.unknown(path, line);
    switch (name) {
      case "fence": {
        many(1);
        const order = this.order(given[0], ["Acquire", "Release", "AcqRel", "SeqCst"], "a fence");
        return { type: UNIT, run: () => (operate({ kind: "fence", order, line }), []) };
      }
      case "yield_now": case "spin_loop":
        many(0);
        return { type: UNIT, run: () => (operate({ kind: "yield", line }), []) };
      case "wait": return this.wait(given, line);
      case "wake_one": case "wake_all": {
        many(1);
        const word = this.of(given[0], { k: "atomic", of: int.u32 });
        return { type: name === "wake_one" ? BOOL : UNIT, run: (f) => operate({ kind: name, word: word.run(f).word, line }).ok };
      }
      case "scope": return this.scope(given, line);
      case "spawn": many(1); return this.spawn(given[0], line);
      default: return this.unknown(path, line);
    }
  },

  unknown(path, line) {
    return refuse(line, `\`${path.join("::")}\` is outside of the subset: ${HELP}`);
  },

  order(tree, allowed, what) {
    const name = tree.kind === "path" ? tree.path[tree.path.length - 1] : undefined;
    if (!ORDERINGS.includes(name)) refuse(tree, `an ordering belongs here: ${allowed.join(", ")}`);
    if (!allowed.includes(name)) refuse(tree, `${what} cannot be ${name}: there are ${allowed.join(", ")}`);
    return name;
  },

  wait(given, line) {
    if (given.length !== 2 && given.length !== 3) refuse(line, "`wait` takes a word, the value that it must have, and `None`");
    const word = this.of(given[0], { k: "atomic", of: int.u32 });
    const expected = this.of(given[1], int.u32);
    if (given.length === 3 && (given[2].kind !== "path" || given[2].path.join() !== "None")) {
      refuse(given[2], "a wait with a deadline is outside of the subset: write `None`");
    }
    return {
      type: UNIT,
      run: (f) => (operate({ kind: "sleep", word: word.run(f).word, expected: expected.run(f), line }), []),
    };
  },

  scope([tree, ...more], line) {
    if (more.length || !tree || tree.kind !== "closure" || tree.parameters.length !== 1) {
      refuse(line, "`scope` takes a closure with one parameter: `thread::scope(|s| { s.spawn(…); })`");
    }
    const result = open(false);
    const body = this.inline(tree, [{ k: "scope" }], result);
    return { type: result, run: (f) => scoped(() => body(f, []), line) };
  },

  // A thread: it has the variables as they are when it is started.
  spawn(tree, line) {
    if (tree.kind !== "closure" || tree.parameters.length > 1) refuse(tree, "`spawn` takes a closure: `s.spawn(|| …)`");
    const result = open(false);
    const { thread } = this;
    this.thread = this.names.length;
    const body = this.inline(tree, tree.parameters.map(() => ({ k: "scope" })), result);
    this.thread = thread;
    return { type: { k: "handle", of: result }, run: (f) => started((frame) => body(frame, []), f, line) };
  },

  on_method({ of, name, with: given, line }, hint) {
    const self = this.compile(of);
    const type = real(self.type);
    const many = (n) => takes(line, name, n, given.length);
    if (type.k === "struct") {
      const mine = type.methods.get(name);
      if (!mine || !mine.method) refuse(line, `\`${type.name}\` has no method \`${name}\``);
      const values = this.call(mine, given, line, [self]);
      return { type: mine.result, run: (f) => part_of(hint, () => mine.run(values.map(({ run }) => run(f)))) };
    }
    if (name === "clone" && !given.length) return self;
    if (type.k === "atomic") return this.atomic(self, type.of, name, given, line);
    if (type.k === "cell") return this.cell(self, type.of, name, given, line);
    if (type.k === "scope" && name === "spawn") {
      many(1);
      return this.spawn(given[0], line);
    }
    if (type.k === "handle" && name === "join") {
      many(0);
      return { type: { k: "Result", of: type.of, error: UNIT }, run: (f) => ["Ok", joined(self.run(f), line)] };
    }
    if (type.k === "Option" || type.k === "Result") return this.choice(self, type, name, given, line);
    if (isInt(type)) return this.number(self, name, given, line);
    return refuse(line, `${show(type)} has no method \`${name}\` here`);
  },

  atomic(self, of, name, given, line) {
    const many = (n) => takes(line, name, n, given.length);
    const flag = of.k === "bool";
    const plain = (value) => (flag ? !!value : value);
    const word = (f) => self.run(f).word;
    switch (name) {
      case "load": {
        many(1);
        const order = this.order(given[0], LOADS, "a load");
        return { type: of, run: (f) => plain(operate({ kind: "load", word: word(f), order, line }).value) };
      }
      case "store": {
        many(2);
        const [value, order] = [this.of(given[0], of), this.order(given[1], STORES, "a store")];
        return {
          type: UNIT,
          run: (f) => {
            const [w, v] = [word(f), +value.run(f)];
            operate({ kind: "store", word: w, value: v, order, line });
            return [];
          },
        };
      }
      case "compare_exchange": case "compare_exchange_weak": {
        many(4);
        const [expected, next] = [this.of(given[0], of), this.of(given[1], of)];
        const [success, failure] = [this.order(given[2], ORDERINGS, "it"), this.order(given[3], LOADS, "a failed exchange is a load: it")];
        return {
          type: { k: "Result", of, error: of },
          run: (f) => {
            const w = word(f);
            const done = operate({ kind: "exchange", word: w, expected: +expected.run(f), next: +next.run(f), success, failure, line });
            return [done.ok ? "Ok" : "Err", plain(done.value)];
          },
        };
      }
      case "fetch_update": {
        many(3);
        const [success, failure] = [this.order(given[0], ORDERINGS, "it"), this.order(given[1], LOADS, "a failed update is a load: it")];
        const change = this.inline(given[2], [of], { k: "Option", of });
        return {
          type: { k: "Result", of, error: of },
          run: (f) => {
            const w = word(f);
            let { value } = operate({ kind: "load", word: w, order: failure, line });
            for (;;) {
              burn(line);
              const next = change(f, plain(value));
              if (next[0] === "None") return ["Err", plain(value)];
              const done = operate({ kind: "exchange", word: w, expected: value, next: +next[1], success, failure, line });
              if (done.ok) return ["Ok", plain(value)];
              ({ value } = done);
            }
          },
        };
      }
      default:
    }
    if (Object.hasOwn(UPDATES, name)) {
      many(2);
      const [value, order] = [this.of(given[0], of), this.order(given[1], ORDERINGS, "it")];
      if (flag && ["fetch_add", "fetch_sub", "fetch_max", "fetch_min"].includes(name)) refuse(line, `a flag has no \`${name}\``);
      return {
        type: of,
        run: (f) => {
          const [w, v] = [word(f), +value.run(f)];
          return plain(operate({ kind: "update", name, word: w, value: v, order, line }).value);
        },
      };
    }
    return refuse(line, `an atomic has no \`${name}\` here: there are load, store, compare_exchange, fetch_update, ${Object.keys(UPDATES).join(", ")}`);
  },

  cell(self, of, name, given, line) {
    const cell = (f) => self.run(f).word;
    const plain = (value) => (of.k === "bool" ? !!value : value);
    if (name === "get" && !given.length) return { type: { k: "pointer", of }, run: (f) => ({ cell: cell(f) }) };
    if ((name === "with" || name === "with_mut") && given.length === 1) {
      const result = open(false);
      const body = this.inline(given[0], [{ k: "pointer", of }], result);
      const write = name === "with_mut";
      return {
        type: result,
        run: (f) => {
          const at = cell(f);
          const lent = { value: plain(operate({ kind: write ? "write" : "read", word: at, line }).found), write };
          const value = body(f, lent);
          if (write) put_in(at, +lent.value);
          return value;
        },
      };
    }
    return refuse(line, "a cell has `with`, `with_mut` and `get` here");
  },

  choice(self, type, name, given, line) {
    const good = (value) => value[0] === "Some" || value[0] === "Ok";
    const isOption = type.k === "Option";
    const tests = isOption ? { is_some: true, is_none: false } : { is_ok: true, is_err: false };
    if (Object.hasOwn(tests, name) && !given.length) return { type: BOOL, run: (f) => good(self.run(f)) === tests[name] };
    if (name === "unwrap" && !given.length) {
      return {
        type: type.of,
        run: (f) => {
          const value = self.run(f);
          if (good(value)) return value[1];
          throw new Panic(isOption ? "called `Option::unwrap()` on a `None` value"
            : `called \`Result::unwrap()\` on an \`Err\` value: ${written(value[1])}`);
        },
      };
    }
    if (name === "expect" && given.length === 1) {
      const text = this.message([given[0]], line);
      return {
        type: type.of,
        run: (f) => {
          const value = self.run(f);
          if (good(value)) return value[1];
          throw new Panic(isOption ? text(f) : `${text(f)}: ${written(value[1])}`);
        },
      };
    }
    if (name === "unwrap_or" && given.length === 1) {
      const other = this.of(given[0], type.of);
      return {
        type: type.of,
        run: (f) => {
          const [value, instead] = [self.run(f), other.run(f)];
          return good(value) ? value[1] : instead;
        },
      };
    }
    return refuse(line, `${show(type)} has no \`${name}\` here: there are ${Object.keys(tests).join(", ")}, unwrap, expect, unwrap_or`);
  },

  number(self, name, given, line) {
    const { type } = self;
    const two = ["min", "max", "wrapping_add", "wrapping_sub", "saturating_sub", "checked_sub", "checked_add"];
    if (!two.includes(name) || given.length !== 1) refuse(line, `a number has no \`${name}\` here: there are ${two.join(", ")}`);
    const other = this.of(given[0], type);
    const sum = (a, b) => (name.endsWith("add") ? a + b : a - b);
    if (name.startsWith("checked")) {
      return {
        type: { k: "Option", of: type },
        run: (f) => {
          const value = held(type, sum(self.run(f), other.run(f)));
          return value === undefined ? ["None"] : ["Some", value];
        },
      };
    }
    const of = {
      min: Math.min, max: Math.max,
      wrapping_add: (a, b) => wrapped(type, a + b, line), wrapping_sub: (a, b) => wrapped(type, a - b, line),
      saturating_sub: (a, b) => Math.max(0, a - b),
    }[name];
    return { type, run: (f) => of(self.run(f), other.run(f)) };
  },
});
