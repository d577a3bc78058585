// The reader's program, from text to a tree: the words and the grammar of the Rust that the listings use.
// What is outside of it is a Refusal, with its line.

class Refusal extends Error {
  constructor(line, text) {
    super(text);
    this.line = line;
  }
}

const refuse = (at, text) => { throw new Refusal(at.line || at, text); };

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*)(u8|u16|u32|u64|usize|i32|i64)?/y;
const MARKS = /<<=|>>=|\.\.=|::|->|=>|==|!=|<=|>=|&&|\|\||\.\.|[-+*/%&|^]=|<<|>>|[-+*/%&|^!=<>.,;:(){}[\]#?@]/y;
const BLANK = /\s+/y;
const TEXT = /"((?:[^"\\]|\\[\s\S])*)"/y;
const LIFE = /'[a-z_]\w*/y;

// The words of a text, each with its line; and the lines in which one thread may be at a time.
function words(text) {
  const found = [];
  const critical = [];
  let [at, line, open] = [0, 1, 0];
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const mark = (comment, alone) => {
    const said = comment.replace(/^\/+/, "").trim().replace(/\.$/, "");
    if (/^critical$/i.test(said)) {
      if (!alone) critical.push([line, line]);
      else if (open) refuse(line, `line ${open} has opened a critical part already: close it with \`// end\``);
      else open = line;
    } else if (/^end( of)?( critical)?$/i.test(said) && open && alone) {
      critical.push([open, line]);
      open = 0;
    }
  };
  while (at < text.length) {
    const blank = take(BLANK);
    if (blank) {
      line += blank[0].split("\n").length - 1;
    } else if (text.startsWith("//", at)) {
      const end = (text.indexOf("\n", at) + 1 || text.length + 1) - 1;
      const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
      mark(text.slice(at, end), !before.trim());
      at = end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at);
      if (end < 0) refuse(line, "this comment has no end");
      line += text.slice(at, end).split("\n").length - 1;
      at = end + 2;
    } else {
      const [here, from] = [line, at];
      const add = (kind, value, more) => found.push({ kind, value, line: here, from, to: at, ...more });
      let match;
      if ((match = take(WORD))) add("word", match[0]);
      else if ((match = take(NUMBER))) {
        if (WORD.lastIndex = at, WORD.test(text)) refuse(line, `\`${text.slice(from, at + 1)}\` is not a number`);
        const value = Number(match[1].replaceAll("_", ""));
        if (value > Number.MAX_SAFE_INTEGER) refuse(line, "a number here is at most 2^53 - 1");
        add("number", value, { type: match[2] });
      } else if ((match = take(TEXT))) {
        line += match[0].split("\n").length - 1;
        const plain = { n: "\n", t: "\t" };
        add("text", match[1].replace(/\\\n\s*/g, "").replace(/\\(.)/g, (_, c) => plain[c] || c));
      } else if ((match = take(LIFE))) add("life", match[0]);
      else if ((match = take(MARKS))) add("mark", match[0]);
      else refuse(line, `\`${text[at]}\` has no meaning here`);
    }
  }
  if (open) refuse(open, "this critical part has no `// end`");
  found.push({ kind: "end", value: "", line });
  return { found, critical };
}

// How strongly an operator binds.
const BINDING = {
  "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3, "|": 4, "^": 5, "&": 6, "<<": 7, ">>": 7,
  "+": 8, "-": 8, "*": 9, "/": 9, "%": 9,
};

class Parser {
  constructor(text) {
    const { found, critical } = words(text);
    this.text = text;
    this.words = found;
    this.critical = critical;
    this.at = 0;
    this.noStruct = false;
  }

  get next() { return this.words[this.at]; }
  peek(n) { return this.words[Math.min(this.at + n, this.words.length - 1)]; }
  is(value) { return this.next.value === value && this.next.kind !== "text" && this.next.kind !== "end"; }
  take() { return this.words[this.at++]; }
  eat(value) { return this.is(value) ? this.take() : undefined; }
  want(value) {
    return this.eat(value) || refuse(this.next, `\`${value}\` is missing before ${this.shown(this.next)}`);
  }
  shown(word) {
    return word.kind === "end" ? "the end" : word.kind === "text" ? `"${word.value}"` : `\`${word.value}\``;
  }
  name(what) {
    if (this.next.kind !== "word") refuse(this.next, `${what} is missing before ${this.shown(this.next)}`);
    return this.take().value;
  }
  // Several of something, with commas between, up to a mark.
  list(end, one) {
    const all = [];
    while (!this.eat(end)) {
      all.push(one());
      if (!this.eat(",") && !this.is(end)) {
        refuse(this.next, `\`,\` or \`${end}\` is missing before ${this.shown(this.next)}`);
      }
    }
    return all;
  }

  // Items.

  program() {
    const items = [];
    while (this.next.kind !== "end") this.item(items);
    return { items, critical: this.critical };
  }

  // Attributes; true if the item is for a test and is left out.
  attributes() {
    let test = false;
    while (this.is("#")) {
      this.take();
      this.eat("!");
      const words = [];
      this.want("[");
      for (let depth = 1; depth;) {
        const word = this.take();
        if (word.kind === "end") refuse(word, "an attribute has no end");
        depth += word.value === "[" ? 1 : word.value === "]" ? -1 : 0;
        words.push(word.value);
      }
      test ||= words[0] === "test" || (words[0] === "cfg" && words.includes("test"));
    }
    return test;
  }

  item(items, owner) {
    const test = this.attributes();
    const { line } = this.next;
    this.visibility();
    while ((this.is("const") && ["fn", "unsafe"].includes(this.peek(1).value))
      || (this.is("unsafe") && ["fn", "impl"].includes(this.peek(1).value))) this.take();
    const word = this.take();
    const add = (item) => { if (!test) items.push({ ...item, line, owner }); };
    if (word.value === "fn") return add(this.fn(owner));
    if (word.value === "const" || word.value === "static") {
      if (this.eat("mut")) refuse(line, "a `static mut` is outside of the subset: use an atomic");
      const name = this.name("the name");
      this.want(":");
      const type = this.type();
      this.want("=");
      const value = this.expression();
      this.want(";");
      return add({ kind: word.value, name, type, value });
    }
    if (word.value === "const_fn" && this.eat("!")) {
      this.want("{");
      while (!this.eat("}")) this.item(items, owner);
      return undefined;
    }
    if (owner === undefined) {
      if (word.value === "use") return this.use(items, line);
      if (word.value === "struct") return add(this.struct());
      if (word.value === "impl") return this.impl(test ? [] : items);
      if (word.value === "mod") {
        this.name("the name");
        if (!test) refuse(line, "a module is outside of the subset: write everything in one file");
        return this.skip();
      }
    }
    return refuse(word, `${this.shown(word)} begins nothing that is in the subset: there are use, const, static, struct, impl, fn`);
  }

  visibility() {
    if (this.eat("pub") && this.eat("(")) while (!this.eat(")")) this.take();
  }

  // A block that is left out.
  skip() {
    this.want("{");
    for (let depth = 1; depth;) {
      const word = this.take();
      if (word.kind === "end") refuse(word, "`}` is missing");
      if (word.kind === "mark") depth += word.value === "{" ? 1 : word.value === "}" ? -1 : 0;
    }
  }

  use(items, line) {
    const tree = (path) => {
      if (this.eat("{")) {
        this.list("}", () => tree(path));
        return;
      }
      if (this.eat("*")) {
        items.push({ kind: "use", path: [...path, "*"], line: this.words[this.at - 1].line });
        return;
      }
      const at = this.next.line;
      const full = [...path, this.name("a name")];
      if (this.eat("::")) return tree(full);
      const name = this.eat("as") ? this.name("a name") : undefined;
      items.push({ kind: "use", path: full, name, line: at || line });
    };
    this.eat("::");
    tree([]);
    this.want(";");
  }

  noGenerics(what) {
    if (this.is("<")) refuse(this.next, `a generic ${what} is outside of the subset: write out one type (u32, say)`);
  }

  struct() {
    const name = this.name("the name");
    this.noGenerics("struct");
    if (this.is("(") || this.is(";")) refuse(this.next, "a struct here has named fields: `struct Lock { state: AtomicU32 }`");
    this.want("{");
    const fields = this.list("}", () => {
      this.attributes();
      this.visibility();
      const { line } = this.next;
      const field = this.name("a field");
      this.want(":");
      return { name: field, type: this.type(), line };
    });
    return { kind: "struct", name, fields };
  }

  impl(items) {
    this.noGenerics("`impl`");
    const first = this.type();
    let trait;
    const owner = this.eat("for") ? (trait = first.name, this.type()) : first;
    if (trait !== undefined && !["Default", "Sync", "Send"].includes(trait)) {
      refuse(first, `\`impl ${trait} for\` is outside of the subset`);
    }
    if (owner.kind !== "path") refuse(owner, "`impl` is for a struct of yours");
    this.want("{");
    while (!this.eat("}")) this.item(items, owner.name);
  }

  fn(owner) {
    const name = this.name("the name");
    this.noGenerics("function");
    this.want("(");
    let method = false;
    const parameters = this.list(")", () => {
      const { line } = this.next;
      if (this.is("&") && (this.peek(1).value === "self" || this.peek(2).value === "self")) {
        this.take();
        if (this.is("mut")) refuse(line, "`&mut self` is for one thread alone: threads share `&self`");
        if (this.next.kind === "life") this.take();
      }
      if (this.is("self")) {
        if (owner === undefined) refuse(line, "`self` belongs into an `impl`");
        method = true;
        return { pattern: { kind: "name", name: this.take().value, line }, type: { kind: "path", name: owner, line }, line };
      }
      const pattern = this.pattern();
      this.want(":");
      return { pattern, type: this.type(), line };
    });
    const result = this.eat("->") ? this.type() : { kind: "tuple", parts: [], line: this.next.line };
    if (this.is("where")) this.noGenerics("function");
    return { kind: "fn", name, method, parameters, result, body: this.block() };
  }

  type() {
    const { line } = this.next;
    if (this.eat("&")) {
      if (this.next.kind === "life") this.take();
      if (this.eat("mut")) refuse(line, "`&mut` is for one thread alone: threads share `&`");
      return this.type();
    }
    if (this.eat("*")) {
      if (!this.eat("const")) this.want("mut");
      return { kind: "pointer", to: this.type(), line };
    }
    if (this.eat("(")) return { kind: "tuple", parts: this.list(")", () => this.type()), line };
    if (this.eat("[")) {
      const of = this.type();
      const length = this.eat(";") ? this.expression() : undefined;
      this.want("]");
      return { kind: "array", of, length, line };
    }
    if (this.eat("!")) return { kind: "never", line };
    let name = this.name("a type");
    while (this.eat("::")) name = this.name("a type");
    const of = this.eat("<") ? this.types() : [];
    return { kind: "path", name, of, line };
  }

  types() {
    const all = [];
    do {
      all.push(this.next.kind === "life" ? this.take() : this.type());
    } while (this.eat(","));
    // `>>` closes two.
    if (this.is(">>")) this.words[this.at] = { ...this.next, value: ">" };
    else this.want(">");
    return all.filter((type) => type.kind !== "life");
  }

  // Statements.

  block() {
    const { line } = this.want("{");
    const before = this.noStruct;
    this.noStruct = false;
    const body = [];
    let last;
    while (!this.eat("}")) {
      if (last) {
        body.push(last);
        last = undefined;
      }
      if (this.eat(";")) continue;
      if (this.next.kind === "end") refuse(line, "the `{` in this line has no `}`");
      if (this.is("let")) body.push(this.let());
      else {
        this.attributes();
        const at = this.at;
        const expression = this.statement();
        if (this.eat(";")) body.push({ kind: "drop", of: expression, line: this.words[at].line });
        else if (this.is("}")) last = expression;
        else if (expression.braced) body.push({ kind: "drop", of: expression, line: expression.line });
        else refuse(this.words[this.at - 1], `\`;\` is missing before ${this.shown(this.next)}`);
      }
    }
    this.noStruct = before;
    return { kind: "block", body, last, line, braced: true };
  }

  // What ends with a brace ends the statement.
  statement() {
    if (["if", "while", "loop", "for", "match", "unsafe", "{"].includes(this.next.value)
      && this.next.kind !== "text") {
      const first = this.primary();
      return this.is(".") || this.is("?") ? this.binary(0, this.postfix(first)) : first;
    }
    return this.expression();
  }

  let() {
    const { line } = this.take();
    const pattern = this.pattern();
    const type = this.eat(":") ? this.type() : undefined;
    const value = this.eat("=") ? this.expression() : undefined;
    const other = this.eat("else") ? this.block() : undefined;
    this.want(";");
    return { kind: "let", pattern, type, value, other, line };
  }

  pattern() {
    const { line } = this.next;
    this.eat("|");
    const ways = [this.onePattern()];
    while (this.eat("|")) ways.push(this.onePattern());
    return ways.length > 1 ? { kind: "or", ways, line } : ways[0];
  }

  onePattern() {
    const { line } = this.next;
    if (this.eat("&")) return this.onePattern();
    if (this.eat("(")) return { kind: "tuple", parts: this.list(")", () => this.pattern()), line };
    if (this.next.kind === "number") {
      return { kind: "literal", value: this.take().value, line };
    }
    if (this.eat("true")) return { kind: "literal", value: true, line };
    if (this.eat("false")) return { kind: "literal", value: false, line };
    this.eat("ref");
    const mutable = !!this.eat("mut");
    const name = this.name("a pattern");
    if (name === "_") return { kind: "any", line };
    const path = [name];
    while (this.eat("::")) path.push(this.name("a name"));
    if (this.eat("(")) return { kind: "variant", path, parts: this.list(")", () => this.pattern()), line };
    if (this.is("{") && /^[A-Z]/.test(name)) refuse(line, "a struct is not taken apart here");
    return { kind: "name", name, path, mutable, line };
  }

  // Expressions.

  expression() {
    const left = this.binary(0);
    const { line, value } = this.next;
    if (this.next.kind === "mark" && /^([-+*/%&|^]|<<|>>)?=$/.test(value)) {
      this.take();
      return { kind: "assign", to: left, with: value.slice(0, -1), value: this.expression(), line };
    }
    if (value === ".." || value === "..=") {
      this.take();
      return { kind: "range", from: left, to: this.binary(0), closed: value === "..=", line };
    }
    return left;
  }

  // Without a struct literal at its end: what stands before a block.
  head() {
    const before = this.noStruct;
    this.noStruct = true;
    const expression = this.expression();
    this.noStruct = before;
    return expression;
  }

  binary(least, first) {
    let left = first || this.unary();
    for (;;) {
      if (this.is("as")) {
        const { line } = this.take();
        left = { kind: "as", of: left, type: this.type(), line };
        continue;
      }
      const word = this.next;
      const binding = word.kind === "mark" ? BINDING[word.value] : undefined;
      if (binding === undefined || binding <= least) return left;
      this.take();
      left = { kind: "binary", op: word.value, left, right: this.binary(binding), line: word.line };
    }
  }

  unary() {
    const { line } = this.next;
    if (this.is("let")) {
      this.take();
      const pattern = this.pattern();
      this.want("=");
      return { kind: "is", pattern, value: this.binary(2), line };
    }
    if (this.eat("!")) return { kind: "not", of: this.unary(), line };
    if (this.eat("-")) return { kind: "minus", of: this.unary(), line };
    if (this.eat("*")) return { kind: "deref", of: this.unary(), line };
    if (this.eat("&&")) return this.unary();
    if (this.eat("&")) {
      if (this.is("raw") && ["const", "mut"].includes(this.peek(1).value)) this.at += 2;
      else if (this.is("mut")) {
        this.take();
        const of = this.unary();
        return { kind: "mutable", of, line };
      }
      return this.unary();
    }
    if (this.is("|") || this.is("||") || this.is("move")) return this.closure();
    if (this.is("return") || this.is("break") || this.is("continue")) {
      const word = this.take();
      const empty = [";", "}", ",", ")"].some((mark) => this.is(mark));
      const value = empty || word.value === "continue" ? undefined : this.expression();
      return { kind: word.value, value, line };
    }
    return this.postfix(this.primary());
  }

  closure() {
    const { line } = this.next;
    this.eat("move");
    const parameters = this.eat("||") ? [] : (this.want("|"), this.list("|", () => {
      const pattern = this.onePattern();
      return { pattern, type: this.eat(":") ? this.type() : undefined, line };
    }));
    const before = this.noStruct;
    this.noStruct = false;
    const body = this.expression();
    this.noStruct = before;
    return { kind: "closure", parameters, body, line };
  }

  postfix(first) {
    let of = first;
    for (;;) {
      const { line } = this.next;
      if (this.eat(".")) {
        if (this.next.kind === "number") {
          of = { kind: "part", of, index: this.take().value, line };
          continue;
        }
        const at = this.next.line;
        const name = this.name("a name");
          if (this.eat("(")) {
          of = { kind: "method", of, name, with: this.arguments(), line: at };
        } else of = { kind: "field", of, name, line: at };
      } else if (this.eat("[")) {
        of = { kind: "index", of, at: this.inside(() => this.expression()), line };
        this.want("]");
      } else if (this.eat("(")) {
        of = { kind: "call", of, with: this.arguments(), line: of.line };
      } else if (this.is("?")) refuse(line, "`?` is outside of the subset: use `match` or `let … else`");
      else return of;
    }
  }

  inside(what) {
    const before = this.noStruct;
    this.noStruct = false;
    const result = what();
    this.noStruct = before;
    return result;
  }

  arguments() { return this.inside(() => this.list(")", () => this.expression())); }

  primary() {
    const word = this.next;
    const { line } = word;
    if (word.kind === "number") return { kind: "number", value: this.take().value, type: word.type, line };
    if (word.kind === "text") return { kind: "text", value: this.take().value, line };
    if (this.eat("(")) {
      return this.inside(() => {
        if (this.eat(")")) return { kind: "tuple", parts: [], line };
        const first = this.expression();
        if (this.eat(")")) return first;
        this.want(",");
        return { kind: "tuple", parts: [first, ...this.list(")", () => this.expression())], line };
      });
    }
    if (this.eat("[")) return this.inside(() => this.array(line));
    if (this.is("{")) return this.block();
    if (word.kind !== "word") refuse(word, `${this.shown(word)} does not begin an expression`);
    this.take();
    switch (word.value) {
      case "true": case "false": return { kind: "flag", value: word.value === "true", line };
      case "unsafe": return this.block();
      case "if": return this.if(line);
      case "while": return { kind: "while", of: this.head(), body: this.block(), line, braced: true };
      case "loop": return { kind: "loop", body: this.block(), line, braced: true };
      case "for": {
        const pattern = this.pattern();
        this.want("in");
        return { kind: "for", pattern, of: this.head(), body: this.block(), line, braced: true };
      }
      case "match": return this.match(line);
      default:
    }
    const path = [word.value];
    while (this.eat("::")) {
      if (this.is("<")) refuse(line, "`::<…>` is outside of the subset");
      path.push(this.name("a name"));
    }
    if (this.is("!") && this.peek(1).kind === "mark" && ["(", "[", "{"].includes(this.peek(1).value)) return this.macro(path.join("::"), line);
    if (this.is("{") && !this.noStruct && /^[A-Z]/.test(path[path.length - 1])) return this.literal(path, line);
    return { kind: "path", path, line };
  }

  array(line) {
    if (this.eat("]")) return { kind: "array", parts: [], line };
    const first = this.expression();
    if (this.eat(";")) {
      const length = this.expression();
      this.want("]");
      return { kind: "repeat", of: first, length, line };
    }
    const parts = [first];
    if (!this.is("]")) this.want(",");
    return { kind: "array", parts: parts.concat(this.list("]", () => this.expression())), line };
  }

  if(line) {
    const of = this.head();
    const then = this.block();
    let other;
    if (this.eat("else")) {
      const at = this.next.line;
      other = this.eat("if") ? this.if(at) : this.block();
    }
    return { kind: "if", of, then, other, line, braced: true };
  }

  match(line) {
    const of = this.head();
    this.want("{");
    const arms = [];
    while (!this.eat("}")) {
      this.attributes();
      const pattern = this.pattern();
      const guard = this.eat("if") ? this.expression() : undefined;
      this.want("=>");
      const body = this.inside(() => (this.is("{") ? this.block() : this.expression()));
      if (!this.eat(",") && !body.braced && !this.is("}")) this.want(",");
      arms.push({ pattern, guard, body });
    }
    return { kind: "match", of, arms, line, braced: true };
  }

  macro(name, line) {
    this.take();
    const end = { "(": ")", "[": "]", "{": "}" }[this.take().value];
    if (name === "matches") {
      return this.inside(() => {
        const of = this.expression();
        this.want(",");
        const pattern = this.pattern();
        const guard = this.eat("if") ? this.expression() : undefined;
        this.eat(",");
        this.want(end);
        return { kind: "matches", of, pattern, guard, line };
      });
    }
    const parts = [];
    const source = [];
    this.inside(() => this.list(end, () => {
      const from = this.at;
      parts.push(this.expression());
      source.push(this.text.slice(this.words[from].from, this.words[this.at - 1].to).replace(/\s+/g, " "));
    }));
    if (!/^((debug_)?assert(_eq|_ne)?|panic|unreachable)$/.test(name)) {
      refuse(line, `\`${name}!\` is outside of the subset: there are assert!, assert_eq!, assert_ne!, matches! and panic!`);
    }
    return { kind: "macro", name: name.replace("debug_", ""), parts, source, line };
  }

  literal(path, line) {
    this.want("{");
    const fields = this.inside(() => this.list("}", () => {
      if (this.is("..")) refuse(this.next, "`..` in a struct is outside of the subset");
      const at = this.next.line;
      const name = this.name("a field");
      return { name, value: this.eat(":") ? this.expression() : { kind: "path", path: [name], line: at }, line: at };
    }));
    return { kind: "struct", path, fields, line };
  }
}
