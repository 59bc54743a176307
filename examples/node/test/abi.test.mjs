// The generator: layouts that the canonical ABI prescribes, and modules inside components.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generate } from '../build/abi.mjs';
import { parseWit } from '../build/wit.mjs';
import { coreModule } from '../build/wasm.mjs';

const WIT = `
package a:b@0.1.0;
interface other { record ignored { a: nowhere } }
interface types {
  /// Two words.
  @since(version = 0.1.0)
  enum colour { dark-red, /// And one.
    blue }
  variant shape { point, circle(f64), named(string) }
  record mixed { %from: bool, big: option<u64>, colour: colour, rows: list<tuple<u8, u32>>, shape: shape, tail: option<u8> }
}
interface tasks {
  use types.{mixed};
  send: func(mixed: mixed, again: mixed) -> result<_, string>;
  flat: func(id: u32, name: string, bytes: list<u8>) -> bool;
}`;

test('interfaces are read with their documentation', () => {
  const { types, functions } = parseWit(WIT, ['types', 'tasks']);
  assert.deepEqual([...types.keys()], ['colour', 'shape', 'mixed']);
  assert.deepEqual(types.get('colour').docs, ['Two words.']);
  assert.deepEqual(types.get('colour').cases.map(({ name, docs }) => [name, docs]), [['dark-red', []], ['blue', ['And one.']]]);
  assert.deepEqual(functions.map(({ name }) => name), ['tasks.send', 'tasks.flat']);
});

test('records and variants lie where the canonical ABI says', () => {
  const code = generate(WIT);
  const lines = [
    // bool at 0; the option's payload is aligned to 8; the enum is a byte; the list two words.
    'm.setU8(a, v.from ? 1 : 0);',
    'if (m.some(a + 8, v.big)) { m.setU64(a + 16, v.big); }',
    'lowerColour(m, v.colour, a + 24);',
    'm.setList(a + 28, v.rows, 8, 4, (v, a) => { m.setByte(a, v[0]); m.setU32(a + 4, v[1]); });',
    'lowerShape(m, v.shape, a + 40);',
    'if (m.some(a + 56, v.tail)) { m.setByte(a + 57, v.tail); }',
    "case 'circle': m.setF64(a + 8, v.val); break;",
    'const a = m.allocate(128, 8);',
    "m.settled(m.exports['cosmosdb:driver/tasks@0.1.0#flat']!(id, nameAt, nameLength, bytesAt, bytesLength)) !== 0",
  ];
  for (const line of lines) assert(code.includes(line), `${line}\n${code}`);
});

test('the largest module of a component is taken, without its custom sections', () => {
  const section = (id, ...content) => [id, content.length, ...content];
  const head = [0, 0x61, 0x73, 0x6d];
  const small = [...head, 1, 0, 0, 0];
  const custom = section(0, 1, 0x61, 7);
  const large = [...small, ...custom, ...section(1, 1, 0x60, 0, 0)];
  const component = Buffer.from([...head, 0x0d, 0, 1, 0, ...section(1, ...small), ...section(1, ...large)]);
  assert.deepEqual([...coreModule(component)], [...small, ...section(1, 1, 0x60, 0, 0)]);
  assert.throws(() => coreModule(Buffer.from(small)), /no component/);
});

test('texts are read and written alike on every platform', async () => {
  const platforms = await Promise.all(['platform.js', 'platform.node.js'].map((file) => import(`../dist/${file}`)));
  const texts = ['', 'a', 'grüße 🚀', 'x'.repeat(24), 'x'.repeat(25), `${'y'.repeat(23)}ü`, 'ü'.repeat(100), '\u{feff}bom'];
  for (const { readLatin, readText, writeLatin } of platforms) {
    for (const text of texts) {
      const bytes = new TextEncoder().encode(`<<${text}>>`);
      assert.equal(readText(bytes, 2, bytes.length - 2), text);
      const latin = readLatin(bytes, 2, bytes.length - 2);
      assert.equal(latin, Buffer.from(text).toString('latin1'));
      const written = new Uint8Array(latin.length + 2);
      writeLatin(written, latin, 1);
      assert.deepEqual(Buffer.from(written.subarray(1, -1)).toString(), text);
      assert.deepEqual([written[0], written.at(-1)], [0, 0]);
    }
  }
});
