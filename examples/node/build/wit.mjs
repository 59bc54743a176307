// Reads the part of the WIT language that the driver's contract uses.

/** The types and functions of some interfaces: `{ types: Map<name, Type>, functions: Function[] }`. */
export function parseWit(text, interfaces) {
  const reader = new Reader(text);
  const types = new Map();
  const functions = [];
  while (reader.more()) {
    const { word, docs } = reader.head();
    if (word === 'package') {
      reader.skipTo(';');
    } else if (word === 'interface') {
      const name = reader.next();
      const into = interfaces.includes(name) ? { types, functions } : { types: new Map(), functions: [] };
      readInterface(reader, name, into);
    } else if (word === 'world') {
      reader.skipTo('}');
    } else {
      throw new Error(`WIT: unexpected ${word} (${docs})`);
    }
  }
  return { types, functions };
}

function readInterface(reader, interfaceName, into) {
  reader.expect('{');
  while (!reader.take('}')) {
    const { word, docs } = reader.head();
    if (word === 'use') {
      reader.skipTo(';');
    } else if (word === 'resource') {
      readResource(reader, interfaceName, into, docs);
    } else if (READ_TYPE[word]) {
      const name = reader.next();
      into.types.set(name, { name, docs, ...READ_TYPE[word](reader) });
    } else {
      reader.expect(':');
      into.functions.push(readFunction(reader, `${interfaceName}.${word}`, docs));
    }
  }
}

const READ_TYPE = {
  record: (reader) => ({ kind: 'record', fields: readBody(reader, (name, docs) => {
    reader.expect(':');
    return { name, docs, type: readType(reader) };
  }) }),
  variant: (reader) => ({ kind: 'variant', cases: readBody(reader, (name, docs) => {
    if (!reader.take('(')) return { name, docs };
    const type = readType(reader);
    reader.expect(')');
    return { name, docs, type };
  }) }),
  enum: (reader) => ({ kind: 'enum', cases: readBody(reader, (name, docs) => ({ name, docs })) }),
  type: (reader) => {
    reader.expect('=');
    const type = readType(reader);
    reader.expect(';');
    return { kind: 'alias', type };
  },
};

function readBody(reader, item) {
  const items = [];
  reader.expect('{');
  while (!reader.take('}')) {
    const { word, docs } = reader.head();
    items.push(item(word, docs));
    reader.take(',');
  }
  return items;
}

function readResource(reader, interfaceName, into, docs) {
  const name = reader.next();
  into.types.set(name, { name, docs, kind: 'resource' });
  reader.expect('{');
  while (!reader.take('}')) {
    const { word, docs } = reader.head();
    reader.expect(':');
    const isStatic = reader.take('static');
    const read = readFunction(reader, `${interfaceName}.[${isStatic ? 'static' : 'method'}]${name}.${word}`, docs);
    if (!isStatic) read.params.unshift({ name: 'self', type: { kind: 'borrow', of: name } });
    into.functions.push(read);
  }
}

function readFunction(reader, name, docs) {
  reader.take('async');
  reader.expect('func');
  reader.expect('(');
  const params = [];
  while (!reader.take(')')) {
    const param = reader.next();
    reader.expect(':');
    params.push({ name: param, type: readType(reader) });
    reader.take(',');
  }
  const result = reader.take('->') ? readType(reader) : undefined;
  reader.expect(';');
  return { name, docs, params, result };
}

function readType(reader) {
  const name = reader.next();
  const inside = (...kinds) => {
    if (!reader.take('<')) return kinds.map(() => undefined);
    const types = [];
    while (!reader.take('>')) {
      types.push(reader.take('_') ? undefined : readType(reader));
      reader.take(',');
    }
    return types;
  };
  if (name === 'list' || name === 'option') return { kind: name, of: inside(0)[0] };
  if (name === 'tuple') return { kind: name, of: inside() };
  if (name === 'result') {
    const [ok, err] = inside(0, 0);
    return { kind: name, ok, err };
  }
  if (name === 'borrow' || name === 'own') return { kind: name, of: inside(0)[0].name };
  return { kind: PRIMITIVES.has(name) ? name : 'name', name };
}

const PRIMITIVES = new Set(['bool', 'u8', 'u16', 'u32', 'u64', 's32', 's64', 'f64', 'string']);

class Reader {
  #tokens;
  #place = 0;

  constructor(text) {
    this.#tokens = text.match(/\/\/\/[^\n]*|\/\/[^\n]*|->|%?[A-Za-z_][\w-]*|@since\([^)]*\)|[@:/.\d]+|[{}()<>,;=]/g);
    this.#tokens = this.#tokens.filter((token) => !/^\/\/(?!\/)/.test(token) && !token.startsWith('@since'));
  }

  more() {
    return this.#place < this.#tokens.length;
  }

  /** The next token that is no comment. */
  next() {
    return this.head().word;
  }

  /** The same, with the comment before it. */
  head() {
    const docs = [];
    while (this.#tokens[this.#place].startsWith('///')) docs.push(this.#tokens[this.#place++].slice(4));
    const word = this.#tokens[this.#place++];
    return { word: word.startsWith('%') ? word.slice(1) : word, docs };
  }

  take(token) {
    let place = this.#place;
    while (this.#tokens[place]?.startsWith('///')) place++;
    if (this.#tokens[place] !== token) return false;
    this.#place = place + 1;
    return true;
  }

  expect(token) {
    const found = this.next();
    if (found !== token) throw new Error(`WIT: expected ${token}, found ${found}`);
  }

  skipTo(token) {
    for (let depth = 0; ; ) {
      const found = this.next();
      if (found === '{') depth++;
      if (found === '}') depth--;
      if (found === token && depth === 0) return;
    }
  }
}
