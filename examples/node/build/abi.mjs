// Makes TypeScript of the driver's WIT: its types, and functions that speak the canonical ABI of the component model.
//
// Straight-line code with offsets worked out here, for each type only the direction that is needed: it is a tenth of
// what a general binding generator emits, and nothing is interpreted at run time.

import { parseWit } from './wit.mjs';

/** `text`: the WIT files one after the other. */
export function generate(text) {
  const { types, functions } = parseWit(text, ['types', 'driver', 'tasks']);
  return new Generator(types).module(functions);
}

/** What would block the thread. */
const BLOCKING = new Set(['driver.[method]driver.execute', 'driver.[method]feed.next-page', 'tasks.wait']);

/** Names that mean something else in JavaScript. */
const RENAMED = { error: 'DriverError', response: 'DriverResponse' };

const SIZES = { bool: 1, u8: 1, u16: 2, u32: 4, u64: 8, f64: 8 };
const SETTERS = { u8: 'setByte', u16: 'setU16', u32: 'setU32', u64: 'setU64', f64: 'setF64', borrow: 'setU32', own: 'setU32' };
const GETTERS = { u8: 'u8', u16: 'u16', u32: 'u32', u64: 'u64', f64: 'f64', own: 'u32', borrow: 'u32' };

class Generator {
  #types;
  #layouts = new Map();
  /** Of functions that are made when something needs them, in the order in which they were made. */
  #made = new Map();
  #helpers = [];

  /** What has another name in JavaScript, for its documentation. */
  #spoken = new Map();

  constructor(types) {
    this.#types = types;
    for (const { name, kind, fields = [] } of types.values()) {
      if (kind !== 'enum') this.#spoken.set(name, pascal(name));
      for (const field of fields) this.#spoken.set(field.name, camel(field.name));
    }
    // Cases keep their names.
    const cases = [...types.values()].flatMap((type) => type.cases ?? []);
    for (const { name } of cases) this.#spoken.delete(name);
  }

  #comment(docs, indent) {
    const spoken = docs.map((line) => line.replace(/`[\w.-]+`/g, (code) =>
      code.replace(/[\w-]+/g, (name) => (name.includes('-') && this.#spoken.get(name)) || name)));
    return comment(spoken, indent);
  }

  module(functions) {
    const declared = [...this.#types.values()].map((type) => this.#declare(type));
    const calls = functions.filter((one) => !BLOCKING.has(one.name)).flatMap((one) => this.#tryCall(one));
    return [
      '// Made from wit/ by build/abi.mjs.',
      "import { indexOf, type Bytes, type Memory } from '../src/abi/memory.js';\n",
      'export type Result<T, E> = { tag: \'ok\'; val: T } | { tag: \'err\'; val: E };\n',
      ...declared,
      ...this.#helpers,
      '/** The exports of one instance, by what they do. */',
      'export const bind = (m: Memory) => ({',
      ...calls,
      '});\n',
    ].join('\n');
  }

  // --- Declarations -----------------------------------------------------------------------------------------------

  #declare(type) {
    const name = pascal(type.name);
    const docs = this.#comment(type.docs, '');
    if (type.kind === 'resource') return `/** A handle of a \`${type.name}\`. */\nexport type ${name} = number;\n`;
    if (type.kind === 'alias') return `${docs}export type ${name} = ${this.#ts(type.type)};\n`;
    if (type.kind === 'enum') {
      const cases = type.cases.map((one) => `${this.#comment(one.docs, '  ')}  | '${one.name}'`);
      return `${docs}export type ${name} =\n${cases.join('\n')};\n`;
    }
    if (type.kind === 'variant') {
      const cases = type.cases.map((one) => {
        const val = one.type ? `; val: ${this.#ts(one.type)}` : '';
        return `${this.#comment(one.docs, '  ')}  | { tag: '${one.name}'${val} }`;
      });
      return `${docs}export type ${name} =\n${cases.join('\n')};\n`;
    }
    const fields = type.fields.map((field) => {
      const optional = field.type.kind === 'option' ? '?' : '';
      return `${this.#comment(field.docs, '  ')}  ${camel(field.name)}${optional}: ${this.#ts(field.type)};`;
    });
    return `${docs}export interface ${name} {\n${fields.join('\n')}\n}\n`;
  }

  #ts(type) {
    switch (type.kind) {
      case 'name': return pascal(type.name);
      case 'own': case 'borrow': return pascal(type.of);
      case 'bool': return 'boolean';
      case 'string': return 'string';
      case 'list': return type.of.kind === 'u8' ? 'Bytes' : `${wrap(this.#ts(type.of))}[]`;
      case 'option': return `${this.#ts(type.of)} | undefined`;
      case 'tuple': return `[${type.of.map((of) => this.#ts(of)).join(', ')}]`;
      case 'result': return `Result<${type.ok ? this.#ts(type.ok) : 'undefined'}, ${this.#ts(type.err)}>`;
      default: return 'number';
    }
  }

  // --- Layout -----------------------------------------------------------------------------------------------------

  /** `{ size, align, flat }`, and where the parts are. */
  #layout(type) {
    const key = JSON.stringify(type);
    let layout = this.#layouts.get(key);
    if (!layout) this.#layouts.set(key, (layout = this.#work(type)));
    return layout;
  }

  #work(type) {
    if (SIZES[type.kind]) return { size: SIZES[type.kind], align: SIZES[type.kind], flat: 1 };
    switch (type.kind) {
      case 'string': case 'list': return { size: 8, align: 4, flat: 2 };
      case 'own': case 'borrow': return { size: 4, align: 4, flat: 1 };
      case 'tuple': return this.#sequence(type.of);
      case 'option': return this.#choice([undefined, type.of]);
      case 'result': return this.#choice([type.ok, type.err]);
    }
    const named = this.#types.get(type.name);
    switch (named?.kind) {
      case 'alias': return this.#layout(named.type);
      case 'resource': return { size: 4, align: 4, flat: 1 };
      case 'record': return this.#sequence(named.fields.map((field) => field.type));
      case 'variant': case 'enum': return this.#choice(named.cases.map((one) => one.type));
    }
    throw new Error(`WIT: no type ${type.name}`);
  }

  #sequence(types) {
    const sum = { size: 0, align: 1, flat: 0, offsets: [] };
    for (const { size, align, flat } of types.map((type) => this.#layout(type))) {
      const offset = up(sum.size, align);
      sum.offsets.push(offset);
      sum.size = offset + size;
      sum.align = Math.max(sum.align, align);
      sum.flat += flat;
    }
    sum.size = up(sum.size, sum.align);
    return sum;
  }

  #choice(types) {
    if (types.length > 256) throw new Error('WIT: more than 256 cases');
    const layouts = types.filter(Boolean).map((type) => this.#layout(type));
    const most = (of) => Math.max(0, ...layouts.map(of));
    const align = Math.max(1, most((one) => one.align));
    return { size: up(align + most((one) => one.size), align), align, flat: 1 + most((one) => one.flat), payload: align };
  }

  // --- Into the guest's memory ------------------------------------------------------------------------------------

  /** A statement that writes `value` to the address `at`. */
  #lower(type, value, at) {
    if (SETTERS[type.kind]) return `m.${SETTERS[type.kind]}(${at}, ${value});`;
    switch (type.kind) {
      case 'bool': return `m.setU8(${at}, ${value} ? 1 : 0);`;
      case 'string': return `m.setText(${at}, ${value});`;
      case 'list': {
        if (type.of.kind === 'u8') return `m.setBytes(${at}, ${value});`;
        const { size, align } = this.#layout(type.of);
        return `m.setList(${at}, ${value}, ${size}, ${align}, (v, a) => { ${this.#lower(type.of, 'v', 'a')} });`;
      }
      case 'option': {
        const some = this.#lower(type.of, value, plus(at, this.#layout(type).payload));
        return `if (m.some(${at}, ${value})) { ${some} }`;
      }
      case 'tuple': {
        const { offsets } = this.#layout(type);
        return type.of.map((of, i) => this.#lower(of, `${value}[${i}]`, plus(at, offsets[i]))).join(' ');
      }
    }
    const named = this.#types.get(type.name);
    if (named.kind === 'alias') return this.#lower(named.type, value, at);
    if (named.kind === 'resource') return `m.setU32(${at}, ${value});`;
    return `${this.#lowering(named)}(m, ${value}, ${at});`;
  }

  #lowering(named) {
    const name = `lower${pascal(named.name)}`;
    return this.#make(name, () => {
      const head = `const ${name} = (m: Memory, v: ${pascal(named.name)}, a: number): void => {\n`;
      return `${head}${this.#lowerNamed(named).map((line) => `  ${line}\n`).join('')}};\n`;
    });
  }

  #lowerNamed(named) {
    const layout = this.#layout({ kind: 'name', name: named.name });
    if (named.kind === 'record') {
      return named.fields.map(({ name, type }, i) => this.#lower(type, `v.${camel(name)}`, plus('a', layout.offsets[i])));
    }
    const names = this.#names(named);
    if (named.kind === 'enum') return [`m.setU8(a, indexOf(${names}, v));`];
    const cases = named.cases.filter((one) => one.type).map((one) => {
      return `case '${one.name}': ${this.#lower(one.type, 'v.val', plus('a', layout.payload))} break;`;
    });
    return [`m.setU8(a, indexOf(${names}, v.tag));`, 'switch (v.tag) {', ...cases.map((line) => `  ${line}`), '}'];
  }

  // --- Out of the guest's memory ----------------------------------------------------------------------------------

  /** An expression that reads the value at the address `at`. */
  #lift(type, at) {
    if (GETTERS[type.kind]) return `m.${GETTERS[type.kind]}(${at})`;
    switch (type.kind) {
      case 'bool': return `m.u8(${at}) !== 0`;
      case 'string': return `m.text(${at})`;
      case 'list': {
        if (type.of.kind === 'u8') return `m.bytes(${at})`;
        return `m.list(${at}, ${this.#layout(type.of).size}, (a) => ${this.#lift(type.of, 'a')})`;
      }
      case 'option': return `m.u8(${at}) ? ${this.#lift(type.of, plus(at, this.#layout(type).payload))} : undefined`;
      case 'tuple': {
        const { offsets } = this.#layout(type);
        return `[${type.of.map((of, i) => this.#lift(of, plus(at, offsets[i]))).join(', ')}]`;
      }
      case 'result': {
        const payload = plus(at, this.#layout(type).payload);
        const ok = type.ok ? this.#lift(type.ok, payload) : 'undefined';
        return `m.u8(${at}) ? { tag: 'err', val: ${this.#lift(type.err, payload)} } : { tag: 'ok', val: ${ok} }`;
      }
    }
    const named = this.#types.get(type.name);
    if (named.kind === 'alias') return this.#lift(named.type, at);
    if (named.kind === 'resource') return `m.u32(${at})`;
    if (named.kind === 'enum') return `${this.#names(named)}[m.u8(${at})]!`;
    return `${this.#lifting(named)}(m, ${at})`;
  }

  #lifting(named) {
    const name = `lift${pascal(named.name)}`;
    return this.#make(name, () => {
      const { offsets, payload } = this.#layout({ kind: 'name', name: named.name });
      if (named.kind === 'variant') {
        const cases = named.cases.map((one, i) => {
          const val = one.type ? `, val: ${this.#lift(one.type, plus('a', payload))}` : '';
          return `  ${i < named.cases.length - 1 ? `m.u8(a) === ${i} ? ` : ''}{ tag: '${one.name}'${val} }`;
        });
        return `const ${name} = (m: Memory, a: number): ${pascal(named.name)} =>\n${cases.join(' :\n')};\n`;
      }
      const fields = named.fields.map((field, i) => {
        return `  ${camel(field.name)}: ${this.#lift(field.type, plus('a', offsets[i]))},\n`;
      });
      return `const ${name} = (m: Memory, a: number): ${pascal(named.name)} => ({\n${fields.join('')}});\n`;
    });
  }

  #names(named) {
    const name = `${camel(named.name)}Names`;
    return this.#make(name, () => {
      const names = named.cases.map((one) => `'${one.name}'`).join(', ');
      return `const ${name} = [${names}] as const;\n`;
    });
  }

  #make(name, code) {
    if (!this.#made.has(name)) {
      this.#made.set(name, true);
      this.#helpers.push(code());
    }
    return name;
  }

  // --- Calls ------------------------------------------------------------------------------------------------------

  /** Nothing, with a warning, for a function whose parameters need code that is not written yet. */
  #tryCall(one) {
    try {
      return [this.#call(one)];
    } catch (error) {
      console.warn(`left out: ${one.name}: ${error.message}`);
      return [];
    }
  }

  #call({ name, params, result }) {
    const [interfaceName, local] = name.split(/\.(.*)/);
    const core = `cosmosdb:driver/${interfaceName}@0.1.0#${local}`;
    const method = camel(local.replace(/^\[\w+\]/, '').replace('.', '-'));
    const typed = params.map((param) => `${camel(param.name)}: ${this.#ts(param.type)}`).join(', ');
    const args = this.#arguments(params);
    const lines = [...args.before, ...this.#result(core, args.passed, result)];
    const returned = result ? this.#ts(result) : 'void';
    return `  ${method}(${typed}): ${returned} {\n${lines.map((line) => `    ${line}\n`).join('')}  },`;
  }

  /** Up to 16 core values are passed as they are, more by an address. The callee frees what it is given. */
  #arguments(params) {
    const layout = this.#sequence(params.map((param) => param.type));
    if (layout.flat > 16) {
      const lower = params.map((param, i) => this.#lower(param.type, camel(param.name), plus('a', layout.offsets[i])));
      return { before: [`const a = m.allocate(${layout.size}, ${layout.align});`, ...lower], passed: ['a'] };
    }
    const before = [];
    const passed = params.flatMap(({ name, type }) => {
      const value = camel(name);
      const resolved = type.kind === 'name' ? this.#types.get(type.name).type ?? type : type;
      switch (resolved.kind) {
        case 'u32': case 'borrow': return [value];
        case 'bool': return [`${value} ? 1 : 0`];
        case 'string': case 'list':
          if (resolved.kind === 'list' && resolved.of.kind !== 'u8') break;
          before.push(`const ${value}At = m.${resolved.kind === 'list' ? 'newBytes' : 'newText'}(${value}), ${value}Length = m.length;`);
          return [`${value}At`, `${value}Length`];
      }
      throw new Error(`WIT: ${resolved.kind} as a flat parameter is not written yet`);
    });
    return { before, passed };
  }

  /** One core value is returned as it is, more by an address. */
  #result(core, passed, result) {
    const call = `m.settled(m.exports['${core}']!(${passed.join(', ')}))`;
    if (!result) return [`${call};`];
    if (this.#layout(result).flat === 1) {
      return [`return ${call}${result.kind === 'bool' ? ' !== 0' : ''};`];
    }
    return [`const r = ${call};`, `const v: ${this.#ts(result)} = ${this.#lift(result, 'r')};`, `m.exports['cabi_post_${core}']?.(r);`, 'return v;'];
  }
}

const up = (size, align) => Math.ceil(size / align) * align;
/** `a + 4` and 4 are `a + 8`. */
function plus(at, offset) {
  const [variable, before = '0'] = at.split(' + ');
  const sum = Number(before) + offset;
  return sum ? `${variable} + ${sum}` : variable;
}
const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => RENAMED[name] ?? camel(`-${name}`);
const wrap = (type) => (type.includes(' ') ? `(${type})` : type);

function comment(docs, indent) {
  if (!docs.length) return '';
  if (docs.length === 1) return `${indent}/** ${docs[0]} */\n`;
  return `${indent}/**\n${docs.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}
