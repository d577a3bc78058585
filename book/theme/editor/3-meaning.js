// What a program means: its tree is checked (names, types, orderings), and becomes functions that can be run.
//
// A thread is a function of what its operations have returned. So nothing is kept of a thread but that list: to
// let it go on, it is run again from its start, is told what it was told before, and stops at the next operation
// (`Pending`). `run` (in 5-world.js) does that.

const ORDERINGS = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
const LOADS = ["Relaxed", "Acquire", "SeqCst"];
const STORES = ["Relaxed", "Release", "SeqCst"];
const UPDATES = {
  swap: (old, n) => n, fetch_add: (old, n) => old + n, fetch_sub: (old, n) => old - n,
  fetch_and: "&", fetch_or: "|", fetch_xor: "^", fetch_nand: "nand", fetch_max: Math.max, fetch_min: Math.min,
};
const MODULES = ["std", "core", "primitives", "sync", "atomic", "park", "thread", "hint", "cell", "atomic_wait", "Ordering", "crate", "super", "self"];
const IMPORTS = [...ORDERINGS, ...Object.keys(ATOMICS), "*", "atomic", "park", "thread", "hint", "cell", "Ordering", "fence",
  "wait", "wake_one", "wake_all", "yield_now", "spin_loop", "spawn", "scope", "UnsafeCell", "Arc", "const_fn", "self", "sync"];
const HELP = "there are atomics and fences (`sync::atomic`), `park::{wait, wake_one, wake_all}`, `UnsafeCell`, "
  + "`thread::{scope, spawn, yield_now}` and `hint::spin_loop`";

// What leaves a function or a loop.
class Leave {
  constructor(kind, value) { Object.assign(this, { kind, value }); }
}
// A thread panics.
class Panic {
  constructor(text) { this.text = text; }
}

class Meaning {
  constructor(text) {
    const { items, critical } = new Parser(text).program();
    this.critical = critical;
    [this.structs, this.fns, this.consts] = [new Map(), new Map(), new Map()];
    for (const item of items) if (item.kind === "use") this.import(item);
    for (const item of items) {
      if (item.kind !== "struct") continue;
      if (this.structs.has(item.name)) refuse(item, `there are two structs \`${item.name}\``);
      this.structs.set(item.name, { k: "struct", name: item.name, fields: new Map(), methods: new Map() });
    }
    for (const item of items) {
      if (item.kind === "struct") {
        const { fields } = this.structs.get(item.name);
        for (const field of item.fields) fields.set(field.name, this.type(field.type));
      }
    }
    const functions = [];
    for (const item of items) {
      if (item.owner !== undefined && !this.structs.has(item.owner)) refuse(item, `there is no struct \`${item.owner}\``);
      if (item.kind === "const" || item.kind === "static") {
        const name = item.owner ? `${item.owner}::${item.name}` : item.name;
        this.consts.set(name, { item, type: this.type(item.type, item.owner) });
      } else if (item.kind === "fn") {
        const of = item.owner === undefined ? this.fns : this.structs.get(item.owner).methods;
        if (of.has(item.name)) refuse(item, `there are two functions \`${item.name}\``);
        const it = {
          item, name: item.name, method: item.method,
          parameters: item.parameters.map((parameter) => this.type(parameter.type, item.owner)),
          result: this.type(item.result, item.owner),
        };
        of.set(item.name, it);
        functions.push(it);
      }
    }
    for (const it of this.consts.values()) {
      const scope = new Scope(this, it.item.owner, it.type);
      const value = scope.compile(it.item.value, it.item.kind === "static" ? it.item.name : undefined);
      fit(it.item, value.type, it.type);
      it.value = value;
    }
    for (const it of functions) {
      const scope = new Scope(this, it.item.owner, it.result);
      const patterns = it.item.parameters.map((parameter, i) => scope.pattern(parameter.pattern, it.parameters[i]));
      const body = scope.compile(it.item.body);
      fit(it.item.body.last || it.item, body.type, it.result);
      it.run = (values) => {
        const frame = [];
        patterns.forEach((pattern, i) => pattern(frame, values[i]));
        try {
          return body.run(frame);
        } catch (leave) {
          if (leave instanceof Leave && leave.kind === "return") return leave.value;
          throw leave;
        }
      };
    }
    const main = this.fns.get("main");
    if (!main) {
      refuse(1, "there is no `fn main`: it makes what the threads share, and starts them in a `thread::scope`");
    }
    if (main.parameters.length) refuse(main.item, "`main` takes nothing");
    this.statics = [...this.consts.values()].filter((it) => it.item.kind === "static");
  }

  import({ path, line }) {
    const whole = path.join("::");
    const local = ["crate", "super", "self"].includes(path[0]);
    const root = ["std", "core", "primitives", "atomic_wait"].includes(path[0]);
    const inside = path.slice(1, -1).every((part) => MODULES.includes(part));
    if (local || (root && inside && IMPORTS.includes(path[path.length - 1]))) return;
    refuse(line, `\`${whole}\` is outside of the subset: ${HELP}`);
  }

  type(tree, owner) {
    switch (tree.kind) {
      case "never": return NEVER;
      case "tuple": return { k: "tuple", of: tree.parts.map((part) => this.type(part, owner)) };
      case "pointer": return this.type(tree.to, owner);
      case "array": {
        if (!tree.length) refuse(tree, "a slice is outside of the subset: give the array its length");
        const length = this.length(tree.length);
        return { k: "array", of: this.type(tree.of, owner), length };
      }
      default:
    }
    const { name, of } = tree;
    const inner = (n) => {
      if (of.length !== n) refuse(tree, `\`${name}\` takes ${n} type${n > 1 ? "s" : ""} in \`<…>\``);
      return of.map((type) => this.type(type, owner));
    };
    if (Object.hasOwn(int, name)) return int[name];
    if (name === "bool") return BOOL;
    if (name === "Self" && owner) return this.structs.get(owner);
    if (Object.hasOwn(ATOMICS, name)) return { k: "atomic", of: ATOMICS[name] };
    if (name === "Arc") return inner(1)[0];
    if (name === "Option") return { k: "Option", of: inner(1)[0] };
    if (name === "Result") {
      const [ok, error] = inner(2);
      return { k: "Result", of: ok, error };
    }
    if (name === "UnsafeCell") {
      const [content] = inner(1);
      if (!["u8", "u32", "u64"].includes(content.name) && content.k !== "bool") {
        refuse(tree, "a cell holds a `u8`, a `u32`, a `u64` or a `bool` here");
      }
      return { k: "cell", of: content };
    }
    if (this.structs.has(name)) return this.structs.get(name);
    return refuse(tree, `the type \`${name}\` is outside of the subset: there are u8, u32, u64, usize, bool, Option, `
      + `Result, arrays, tuples, UnsafeCell, ${Object.keys(ATOMICS).join(", ")}, and structs of yours`);
  }

  length(tree) {
    const it = tree.kind === "path" ? this.consts.get(tree.path.join("::")) : undefined;
    const value = tree.kind === "number" ? tree.value : it && it.item.value.value;
    if (typeof value !== "number") refuse(tree, "the length of an array is a number or a named number");
    if (value > 16) refuse(tree, "an array has at most 16 elements here");
    return value;
  }
}

// A function while it is compiled: its variables, and the parts of its body.
class Scope {
  constructor(meaning, owner, result) {
    Object.assign(this, { meaning, owner, result, slots: 0, names: [new Map()], loops: [] });
  }

  within(what) {
    this.names.push(new Map());
    const result = what();
    this.names.pop();
    return result;
  }

  declare(name, type, mutable) {
    const variable = { slot: this.slots++, type, mutable };
    this.names[this.names.length - 1].set(name, variable);
    return variable;
  }

  // A variable, and whether it lies outside of the thread's closure that is being compiled.
  find(name) {
    for (let i = this.names.length - 1; i >= 0; i--) {
      const found = this.names[i].get(name);
      if (found) return { ...found, outside: i < (this.thread || 0) };
    }
    return undefined;
  }

  // A pattern becomes a function that says whether a value fits, and fills the variables.
  pattern(tree, type, known = new Map()) {
    const again = (part, of) => this.pattern(part, of, known);
    switch (tree.kind) {
      case "any": return () => true;
      case "literal":
        fit(tree, typeof tree.value === "boolean" ? BOOL : open(true), type);
        return (frame, value) => value === tree.value;
      case "tuple": {
        const of = tree.parts.map(() => open(false));
        fit(tree, { k: "tuple", of }, type);
        const parts = tree.parts.map((inner, i) => again(inner, of[i]));
        return (frame, value) => parts.every((fits, i) => fits(frame, value[i]));
      }
      case "or": {
        const ways = tree.ways.map((way) => again(way, type));
        return (frame, value) => ways.some((fits) => fits(frame, value));
      }
      case "variant": {
        const kind = tree.path[tree.path.length - 1];
        if (!["Some", "Ok", "Err"].includes(kind) || tree.parts.length !== 1) {
          refuse(tree, "there are the patterns `Some(…)`, `None`, `Ok(…)` and `Err(…)`");
        }
        const [of, error] = [open(false), open(false)];
        fit(tree, kind === "Some" ? { k: "Option", of } : { k: "Result", of, error }, type);
        const fits = again(tree.parts[0], kind === "Err" ? error : of);
        return (frame, value) => value[0] === kind && fits(frame, value[1]);
      }
      default:
    }
    const full = tree.path ? tree.path.join("::") : tree.name;
    if (full === "None") {
      fit(tree, { k: "Option", of: open(false) }, type);
      return (frame, value) => value[0] === "None";
    }
    const named = this.constant(tree.path || [tree.name]);
    if (named) {
      fit(tree, named.type, type);
      return (frame, value) => named.value.run([]) === value;
    }
    if (tree.path && tree.path.length > 1) refuse(tree, `there is no constant \`${full}\``);
    const { slot } = known.get(tree.name) || this.declare(tree.name, type, tree.mutable);
    known.set(tree.name, { slot });
    return (frame, value) => {
      frame[slot] = value;
      return true;
    };
  }

  constant(path) {
    const full = path.map((part) => (part === "Self" ? this.owner : part)).filter((part) => !["crate", "super", "self"].includes(part));
    return this.meaning.consts.get(full.join("::"));
  }

  // An expression becomes its type and a function of the frame. `hint`: what is made is called so.
  compile(tree, hint) {
    const done = this[`on_${tree.kind}`](tree, hint);
    return { place: undefined, ...done };
  }

  of(tree, type, hint) {
    const value = this.compile(tree, hint);
    fit(tree, value.type, type);
    return value;
  }

  on_number({ value, type }) {
    const known = type ? int[type] || refuse(0, "") : open(true);
    return { type: known, run: () => value };
  }
  on_flag({ value }) { return { type: BOOL, run: () => value }; }
  on_text(tree) { return refuse(tree, "a text stands only in `assert!`, `expect` and `panic!`"); }

  on_tuple({ parts }) {
    const all = parts.map((part) => this.compile(part));
    return { type: { k: "tuple", of: all.map(({ type }) => type) }, run: (frame) => all.map(({ run }) => run(frame)) };
  }

  on_array({ parts, line }, hint) {
    const all = parts.map((part) => this.compile(part, hint));
    const type = all.reduce((one, part) => either(line, one, part.type), open(false));
    return { type: { k: "array", of: type, length: all.length }, run: (frame) => all.map(({ run }) => run(frame)) };
  }

  on_repeat({ of, length, line }, hint) {
    const n = this.meaning.length(length);
    const one = this.compile(of, hint);
    if (real(one.type).k !== "int" && real(one.type).k !== "bool" && !isInt(one.type) && of.kind !== "block") {
      refuse(line, "only numbers and flags can be repeated so: write the elements out");
    }
    return { type: { k: "array", of: one.type, length: n }, run: (frame) => Array.from({ length: n }, () => one.run(frame)) };
  }

  on_struct({ path, fields, line }, hint) {
    const name = path[path.length - 1] === "Self" ? this.owner : path[path.length - 1];
    const type = this.meaning.structs.get(name) || refuse(line, `there is no struct \`${name}\``);
    const given = fields.map((field) => {
      const wanted = type.fields.get(field.name) || refuse(field, `\`${name}\` has no field \`${field.name}\``);
      return [field.name, this.of(field.value, wanted, field.name)];
    });
    const missing = [...type.fields.keys()].filter((field) => !given.some(([other]) => other === field));
    if (missing.length) refuse(line, `the field \`${missing[0]}\` of \`${name}\` is missing`);
    return { type, run: (frame) => Object.fromEntries(given.map(([field, value]) => [field, value.run(frame)])), hint };
  }

  on_path({ path, line }) {
    const name = path[path.length - 1];
    const variable = path.length === 1 && this.find(name);
    if (variable) {
      const { slot, type, mutable, outside } = variable;
      return {
        type,
        run: (frame) => (frame[slot] === undefined ? refuse(line, `\`${name}\` has no value yet`) : frame[slot]),
        place: (frame, change) => {
          if (outside) refuse(line, `\`${name}\` is a plain variable: threads share atomics and cells only`);
          if (!mutable && frame[slot] !== undefined) refuse(line, `\`${name}\` is not \`mut\``);
          frame[slot] = change(frame[slot]);
        },
      };
    }
    if (name === "None") return { type: { k: "Option", of: open(false) }, run: () => ["None"] };
    const named = this.constant(path);
    if (named) {
      const run = named.item.kind === "static" ? () => run_static(named) : () => named.value.run([]);
      return { type: named.type, run };
    }
    if (path.length === 2 && Object.hasOwn(int, path[0]) && name === "MAX") {
      if (bits(int[path[0]]) > 32) refuse(line, "numbers beyond 2^53 are outside of the subset");
      return { type: int[path[0]], run: () => most(int[path[0]]) };
    }
    if (ORDERINGS.includes(name)) refuse(line, "an ordering stands only in an operation");
    return refuse(line, `there is no \`${path.join("::")}\` here`);
  }

  on_block({ body, last }, hint) {
    return this.within(() => {
      let type = UNIT;
      const all = body.map((statement) => {
        const done = statement.kind === "let" ? this.let(statement) : this.compile(statement.kind === "drop" ? statement.of : statement);
        if (statement.kind !== "let" && statement.kind !== "drop" && statement.braced) fit(statement, done.type, UNIT);
        if (real(done.type).k === "never") type = NEVER;
        return done.run;
      });
      const end = last && this.compile(last, hint);
      if (end) type = type === NEVER ? NEVER : end.type;
      return {
        type,
        run: (frame) => {
          for (const run of all) run(frame);
          return end ? end.run(frame) : [];
        },
      };
    });
  }

  on_drop({ of }) { return { ...this.compile(of), type: UNIT }; }

  let({ pattern, type, value, other, line }) {
    const wanted = type ? this.meaning.type(type, this.owner) : open(false);
    if (!value) {
      if (pattern.kind !== "name") refuse(line, "this `let` needs a value");
      const { slot } = this.declare(pattern.name, wanted, true);
      return { type: UNIT, run: (frame) => { frame[slot] = undefined; } };
    }
    const given = this.of(value, wanted, pattern.kind === "name" ? pattern.name : undefined);
    const escape = other && this.compile(other);
    if (escape) fit(other, escape.type, NEVER);
    if (escape && real(escape.type).k !== "never") refuse(line, "what stands after `else` must leave: `return`, say");
    const fits = this.pattern(pattern, given.type);
    return {
      type: real(given.type).k === "never" ? NEVER : UNIT,
      run: (frame) => {
        if (fits(frame, given.run(frame))) return [];
        return escape ? escape.run(frame) : refuse(line, "the value does not fit the pattern");
      },
    };
  }

  on_assign({ to, with: op, value, line }) {
    const place = to.kind === "path" && to.path.join() === "_" ? { type: open(false), place: (frame, change) => change() } : this.compile(to);
    if (!place.place) refuse(line, "only a variable or what a pointer leads to can be assigned to: a field that changes is an atomic");
    const given = this.of(value, place.type);
    const change = op ? this.arithmetic(op, place.type, line) : (old, next) => next;
    return {
      type: UNIT,
      run: (frame) => {
        const next = given.run(frame);
        place.place(frame, (old) => change(old, next));
        return [];
      },
    };
  }

  arithmetic(op, type, line) {
    if (["&", "|", "^"].includes(op) && real(type).k === "bool") {
      return { "&": (a, b) => a && b, "|": (a, b) => a || b, "^": (a, b) => a !== b }[op];
    }
    if (!isInt(type)) refuse(line, `\`${op}\` is for numbers, and this is ${show(type)}`);
    const verbs = { "+": "add", "-": "subtract", "*": "multiply" };
    return (a, b) => {
      switch (op) {
        case "+": case "-": case "*": {
          const value = held(type, op === "+" ? a + b : op === "-" ? a - b : a * b);
          if (value === undefined) throw new Panic(`attempt to ${verbs[op]} with overflow`);
          return value;
        }
        case "/":
          if (!b) throw new Panic("attempt to divide by zero");
          return Math.trunc(a / b);
        case "%":
          if (!b) throw new Panic("attempt to calculate the remainder with a divisor of zero");
          return a % b;
        case "<<": case ">>":
          if (b >= bits(type)) throw new Panic(`attempt to shift ${op === "<<" ? "left" : "right"} with overflow`);
        // falls through
        default: return ofBits(op, a, b, type, line);
      }
    };
  }

  on_binary({ op, left, right, line }) {
    if (op === "&&" || op === "||") {
      const [a, b] = [this.of(left, BOOL), this.of(right, BOOL)];
      return { type: BOOL, run: op === "&&" ? (f) => a.run(f) && b.run(f) : (f) => a.run(f) || b.run(f) };
    }
    const [a, b] = [this.compile(left), this.compile(right)];
    if (op !== "<<" && op !== ">>") fit(line, b.type, a.type);
    if (op === "==" || op === "!=") {
      const equal = this.equal(a.type, line);
      return { type: BOOL, run: (f) => equal(a.run(f), b.run(f)) === (op === "==") };
    }
    if (["<", ">", "<=", ">="].includes(op)) {
      if (!isInt(a.type)) refuse(line, `\`${op}\` is for numbers, and this is ${show(a.type)}`);
      const compare = { "<": (x, y) => x < y, ">": (x, y) => x > y, "<=": (x, y) => x <= y, ">=": (x, y) => x >= y }[op];
      return { type: BOOL, run: (f) => compare(a.run(f), b.run(f)) };
    }
    const change = this.arithmetic(op, a.type, line);
    return { type: a.type, run: (f) => change(a.run(f), b.run(f)) };
  }

  equal(type, line) {
    if (["atomic", "cell", "struct", "handle"].includes(real(type).k)) {
      refuse(line, `${show(type)} cannot be compared: load its value`);
    }
    return (a, b) => JSON.stringify(a) === JSON.stringify(b);
  }

  on_not({ of }) {
    const value = this.compile(of);
    if (isInt(value.type)) return { type: value.type, run: (f) => most(value.type) - value.run(f) };
    fit(of, value.type, BOOL);
    return { type: BOOL, run: (f) => !value.run(f) };
  }

  on_minus({ line }) { return refuse(line, "there are no numbers below 0 here"); }

  on_as({ of, type, line }) {
    const [value, to] = [this.compile(of), this.meaning.type(type, this.owner)];
    if (!isInt(to) || !(isInt(value.type) || real(value.type).k === "bool")) refuse(line, "`as` is for numbers");
    return { type: to, run: (f) => wrapped(to, Number(value.run(f)), line) };
  }

  on_mutable({ line }) { return refuse(line, "`&mut` is for one thread alone: threads share `&`"); }

  // What a pointer into a cell leads to: from `with` and `with_mut` it is lent, from `get` each use is a step.
  on_deref({ of, line }) {
    const pointer = this.compile(of);
    if (real(pointer.type).k !== "pointer") return pointer;
    const { of: type } = real(pointer.type);
    const plain = (value) => (type.k === "bool" ? !!value : value);
    return {
      type,
      run: (f) => {
        const it = pointer.run(f);
        return plain(it.cell === undefined ? it.value : operate({ kind: "read", word: it.cell, line }).found);
      },
      place: (f, change) => {
        const it = pointer.run(f);
        if (it.cell === undefined) {
          if (!it.write) refuse(line, "`with` lends a cell for reading: `with_mut` lends it for writing");
          it.value = Number(change(plain(it.value)));
        } else {
          const { found } = operate({ kind: "write", word: it.cell, line });
          put_in(it.cell, Number(change(plain(found))));
        }
      },
    };
  }

  on_field({ of, name, line }) {
    const value = this.compile(of);
    const type = real(value.type);
    const field = type.k === "struct" ? type.fields.get(name) : undefined;
    if (!field) refuse(line, `${show(type)} has no field \`${name}\``);
    return { type: field, run: (f) => value.run(f)[name] };
  }

  on_part({ of, index, line }) {
    const value = this.compile(of);
    const type = real(value.type);
    if (type.k !== "tuple" || !type.of[index]) refuse(line, `${show(type)} has no part ${index}`);
    return { type: type.of[index], run: (f) => value.run(f)[index] };
  }

  on_index({ of, at, line }) {
    const [value, index] = [this.compile(of), this.of(at, int.usize)];
    const type = real(value.type);
    if (type.k !== "array") refuse(line, `${show(type)} is not an array`);
    return {
      type: type.of,
      run: (f) => {
        const [all, i] = [value.run(f), index.run(f)];
        if (i >= all.length) throw new Panic(`index out of bounds: the len is ${all.length} but the index is ${i}`);
        return all[i];
      },
    };
  }

  // Choices and loops.

  on_is({ pattern, value }) {
    const given = this.compile(value);
    const fits = this.pattern(pattern, given.type);
    return { type: BOOL, run: (f) => fits(f, given.run(f)) };
  }

  on_matches({ of, pattern, guard }) {
    const given = this.compile(of);
    return this.within(() => {
      const fits = this.pattern(pattern, given.type);
      const also = guard && this.of(guard, BOOL);
      return { type: BOOL, run: (f) => fits(f, given.run(f)) && (!also || also.run(f)) };
    });
  }

  on_if({ of, then, other, line }, hint) {
    return this.within(() => {
      const [condition, yes] = [this.of(of, BOOL), this.compile(then, hint)];
      const no = other && this.compile(other, hint);
      if (!no) fit(then.last || line, yes.type, UNIT);
      const type = no ? either(other.last || line, yes.type, no.type) : UNIT;
      return { type, run: (f) => (condition.run(f) ? yes.run(f) : no ? no.run(f) : []) };
    });
  }

  on_match({ of, arms, line }) {
    const given = this.compile(of);
    let type = NEVER;
    const all = arms.map((arm) => this.within(() => {
      const fits = this.pattern(arm.pattern, given.type);
      const guard = arm.guard && this.of(arm.guard, BOOL);
      const body = this.compile(arm.body);
      type = either(arm.body, type, body.type);
      return { fits, guard, body };
    }));
    return {
      type,
      run: (f) => {
        const value = given.run(f);
        const arm = all.find(({ fits, guard }) => fits(f, value) && (!guard || guard.run(f)));
        return arm ? arm.body.run(f) : refuse(line, "this `match` does not cover every case");
      },
    };
  }

  // A loop; `step` says whether it goes on.
  repeat(tree, kind, body) {
    const loop = { type: kind === "loop" ? open(false) : UNIT, left: false };
    this.loops.push(loop);
    const round = this.within(body);
    this.loops.pop();
    const mine = (leave) => leave instanceof Leave && leave.kind !== "return";
    return {
      type: kind === "loop" && !loop.left ? NEVER : loop.type,
      run: (f) => {
        const next = round(f);
        for (;;) {
          burn(tree.line);
          try {
            if (!next()) return [];
          } catch (leave) {
            if (!mine(leave)) throw leave;
            if (leave.kind === "break") return leave.value;
          }
        }
      },
    };
  }

  on_loop(tree) {
    return this.repeat(tree, "loop", () => {
      const body = this.of(tree.body, UNIT);
      return (f) => () => { body.run(f); return true; };
    });
  }

  on_while(tree) {
    return this.repeat(tree, "while", () => {
      const [condition, body] = [this.of(tree.of, BOOL), this.of(tree.body, UNIT)];
      return (f) => () => condition.run(f) && (body.run(f), true);
    });
  }

  on_for(tree) {
    const { of, pattern, line } = tree;
    let values;
    let type;
    if (of.kind === "range") {
      const from = this.compile(of.from);
      const to = this.of(of.to, from.type);
      if (!isInt(from.type)) refuse(line, "a range is of numbers");
      type = from.type;
      values = (f) => {
        const [first, end] = [from.run(f), to.run(f) + (of.closed ? 1 : 0)];
        return { at: (i) => first + i, count: Math.max(0, end - first) };
      };
    } else {
      const array = this.compile(of);
      if (real(array.type).k !== "array") refuse(line, "`for` goes through a range (`0..3`) or an array");
      type = real(array.type).of;
      values = (f) => { const all = array.run(f); return { at: (i) => all[i], count: all.length }; };
    }
    return this.repeat(tree, "for", () => {
      const fits = this.pattern(pattern, type);
      const body = this.of(tree.body, UNIT);
      return (f) => {
        const { at, count } = values(f);
        let i = 0;
        return () => i < count && (fits(f, at(i++)), body.run(f), true);
      };
    });
  }

  on_range({ line }) { return refuse(line, "a range stands only in `for … in`"); }

  on_break(tree) { return this.leave(tree); }
  on_continue(tree) { return this.leave(tree); }
  leave({ kind, value, line }) {
    const loop = this.loops[this.loops.length - 1];
    if (!loop) refuse(line, `\`${kind}\` stands in a loop`);
    if (kind === "break") loop.left = true;
    const given = value && this.compile(value);
    if (kind === "break") fit(line, given ? given.type : UNIT, loop.type);
    return { type: NEVER, run: (f) => { throw new Leave(kind, given ? given.run(f) : []); } };
  }

  on_return({ value, line }) {
    const given = value && this.compile(value);
    fit(line, given ? given.type : UNIT, this.result);
    return { type: NEVER, run: (f) => { throw new Leave("return", given ? given.run(f) : []); } };
  }

  on_closure({ line }) { return refuse(line, "a closure stands only in `spawn`, `scope`, `with`, `with_mut` and `fetch_update`"); }

  // A closure that is called where it stands.
  inline(tree, types, result) {
    if (tree.kind !== "closure" || tree.parameters.length !== types.length) {
      refuse(tree, `a closure with ${types.length} parameter${types.length === 1 ? "" : "s"} belongs here`);
    }
    return this.within(() => {
      const patterns = tree.parameters.map(({ pattern }, i) => this.pattern(pattern, types[i]));
      const loops = this.loops;
      const before = this.result;
      [this.loops, this.result] = [[], result];
      const body = this.of(tree.body, result);
      [this.loops, this.result] = [loops, before];
      return (frame, ...values) => {
        patterns.forEach((pattern, i) => pattern(frame, values[i]));
        try {
          return body.run(frame);
        } catch (leave) {
          if (leave instanceof Leave && leave.kind === "return") return leave.value;
          throw leave;
        }
      };
    });
  }

  // Assertions.

  // A text with values in it, as `format!` has them.
  message(parts, line) {
    const [text, ...given] = parts;
    if (text.kind !== "text") refuse(line, "the message is a text");
    const values = given.map((part) => this.compile(part));
    let i = 0;
    const pieces = text.value.split(/(\{\{|\}\}|\{[^{}]*\})/).map((piece) => {
      if (piece === "{{" || piece === "}}") return () => piece[0];
      if (!/^\{.*\}$/.test(piece)) return () => piece;
      const name = piece.slice(1, -1).split(":")[0];
      const value = /^\d+$/.test(name) ? values[name] : name ? this.on_path({ path: [name], line }) : values[i++];
      if (!value) refuse(line, `\`${piece}\` has no value`);
      return (f) => written(value.run(f));
    });
    return (f) => pieces.map((piece) => piece(f)).join("");
  }

  on_macro({ name, parts, source, line }) {
    const needs = { assert: 1, assert_eq: 2, assert_ne: 2 }[name] || 0;
    if (parts.length < needs) refuse(line, `\`${name}!\` needs ${needs} value${needs > 1 ? "s" : ""}`);
    const text = parts.length > needs ? this.message(parts.slice(needs), line) : undefined;
    const first = (f) => (text ? text(f).split("\n")[0] : undefined);
    if (!needs) {
      const otherwise = name === "panic" ? "explicit panic" : "internal error: entered unreachable code";
      const said = (f) => (text && name === "unreachable" ? `${otherwise}: ${first(f)}` : first(f) || otherwise);
      return { type: NEVER, run: (f) => { throw new Panic(said(f)); } };
    }
    if (name === "assert") {
      const condition = this.of(parts[0], BOOL);
      return {
        type: UNIT,
        run: (f) => { if (!condition.run(f)) throw new Panic(first(f) || `assertion failed: ${source[0]}`); return []; },
      };
    }
    const [a, b] = [this.compile(parts[0]), this.compile(parts[1])];
    fit(line, b.type, a.type);
    const [equal, sign] = [this.equal(a.type, line), name === "assert_eq" ? "==" : "!="];
    return {
      type: UNIT,
      run: (f) => {
        if (equal(a.run(f), b.run(f)) !== (sign === "==")) throw new Panic(first(f) || `assertion \`left ${sign} right\` failed`);
        return [];
      },
    };
  }
}

// A value as a message shows it.
function written(value) {
  if (Array.isArray(value) && typeof value[0] === "string") return value.length > 1 ? `${value[0]}(${written(value[1])})` : value[0];
  return Array.isArray(value) ? `(${value.map(written).join(", ")})` : String(value);
}
