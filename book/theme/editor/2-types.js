// Types, as far as the subset has them: numbers whose type is not written are found out, as in Rust.

const BITS = { u8: 8, u32: 32, u64: 64, usize: 64 };
const int = Object.fromEntries(Object.keys(BITS).map((name) => [name, { k: "int", name }]));
const BOOL = { k: "bool" };
const UNIT = { k: "tuple", of: [] };
const NEVER = { k: "never" };
const TEXT_TYPE = { k: "text" };
const ATOMICS = { AtomicU8: int.u8, AtomicU32: int.u32, AtomicU64: int.u64, AtomicUsize: int.usize, AtomicBool: BOOL };

// A type that is not known yet; `int` if it is a number's.
const open = (isInt) => ({ k: "open", int: isInt, to: undefined });

function real(type) {
  let t = type;
  while (t.k === "open" && t.to) t = t.to;
  return t;
}

function show(type) {
  const t = real(type);
  switch (t.k) {
    case "int": case "struct": return t.name;
    case "open": return t.int ? "a number" : "a type that is not known";
    case "tuple": return `(${t.of.map(show).join(", ")})`;
    case "array": return `[${show(t.of)}; ${t.length}]`;
    case "Option": return `Option<${show(t.of)}>`;
    case "Result": return `Result<${show(t.of)}, ${show(t.error)}>`;
    case "atomic": return Object.keys(ATOMICS).find((name) => ATOMICS[name] === t.of);
    case "cell": return `UnsafeCell<${show(t.of)}>`;
    case "pointer": return `*mut ${show(t.of)}`;
    case "handle": return `JoinHandle<${show(t.of)}>`;
    case "never": return "!";
    case "text": return "&str";
    default: return t.k;
  }
}

// Makes two types one; false if they are two.
function same(a, b) {
  const [x, y] = [real(a), real(b)];
  if (x === y || x.k === "never" || y.k === "never") return true;
  if (x.k === "open" || y.k === "open") {
    const [unknown, other] = x.k === "open" ? [x, y] : [y, x];
    if (unknown.int && other.k !== "int" && !(other.k === "open")) return false;
    if (other.k === "open") other.int ||= unknown.int;
    unknown.to = other;
    return true;
  }
  if (x.k !== y.k || x.name !== y.name) return false;
  if (x.k === "tuple") return x.of.length === y.of.length && x.of.every((part, i) => same(part, y.of[i]));
  if (x.k === "array" && x.length !== y.length) return false;
  if (x.k === "Result" && !same(x.error, y.error)) return false;
  return x.of === undefined || same(x.of, y.of);
}

function fit(line, found, wanted) {
  if (!same(found, wanted)) refuse(line, `expected ${show(wanted)}, found ${show(found)}`);
}

// The type of what may be either.
function either(line, a, b) {
  fit(line, b, a);
  return real(a).k === "never" ? b : a;
}

const isInt = (type) => real(type).k === "int" || (real(type).k === "open" && real(type).int);
const bits = (type) => BITS[real(type).name || "u32"];
const most = (type) => Math.min(2 ** bits(type) - 1, Number.MAX_SAFE_INTEGER);

// A number as its type holds it: `undefined` if it does not.
const held = (type, value) => (value >= 0 && value <= most(type) ? value : undefined);

// The number that is left when only the bits of the type are kept.
function wrapped(type, value, line) {
  const width = bits(type);
  if (width > 32) {
    if (!Number.isSafeInteger(value) || value < 0) refuse(line, "numbers beyond 2^53 are outside of the subset");
    return value;
  }
  const all = 2 ** width;
  return ((value % all) + all) % all;
}

function ofBits(op, a, b, type, line) {
  const [x, y] = [BigInt(a), BigInt(b)];
  const all = { "&": () => x & y, "|": () => x | y, "^": () => x ^ y, "<<": () => x << y, ">>": () => x >> y };
  const value = all[op]() & ((1n << BigInt(bits(type))) - 1n);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse(line, "numbers beyond 2^53 are outside of the subset");
  return Number(value);
}
