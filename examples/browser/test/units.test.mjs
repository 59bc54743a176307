// The parts that need no page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

async function load(name) {
  const entry = fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', platform: 'neutral' });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString('base64')}`);
}

const json = await load('json');
const { bars } = await load('waterfall');

test('documents are laid out without a change to what they say', () => {
  const table = [
    ['{}', '{}'],
    ['{"a":[]}', '{\n  "a": []\n}'],
    ['{"a":1.10,"b":[12345678901234567890,"x{,\\"}"]}', '{\n  "a": 1.10,\n  "b": [\n    12345678901234567890,\n    "x{,\\"}"\n  ]\n}'],
  ];
  for (const [text, expected] of table) {
    assert.equal(json.indented(text), expected);
    assert.equal(json.indented(expected), expected);
  }
});

test('what the service adds is left out, wherever it stands', () => {
  const table = [
    ['{"_rid":"r","id":"1","_ts":1}', '{"id":"1"}'],
    ['{ "id" : "1" , "n" : { "_ts" : 2 } , "_etag" : "\\"x\\"" }', '{"id" : "1","n" : { "_ts" : 2 }}'],
    ['{"id":"1","_other":[1,{"a":[]}]}', '{"id":"1","_other":[1,{"a":[]}]}'],
    ['{"_self":"s"}', '{}'],
    ['{}', '{}'],
  ];
  for (const [text, expected] of table) assert.equal(json.own(text), expected);
});

test('a page falls apart into the texts of its rows', () => {
  const table = [
    ['{"_rid":"x","Documents":[],"_count":0}', []],
    ['{"_rid":"x","Documents":[{"a":[1,2]},{"b":"],"}],"_count":2}', ['{"a":[1,2]}', '{"b":"],"}']],
    ['{"Documents":[ 1.10 , null,[1,[2]] , "a,b" ]}', ['1.10', 'null', '[1,[2]]', '"a,b"']],
    ['', []],
  ];
  for (const [text, expected] of table) assert.deepEqual(json.rows(text), expected);
});

test('a partition key is taken from where its paths lead', () => {
  const document = { a: { b: 7 }, 'c d': null, list: [] };
  assert.deepEqual(json.keyOf(document, ['/a/b', '/"c d"', '/none', '/list']), [7, null, undefined, undefined]);
});

test('what is typed is JSON or a text', () => {
  const table = [['contoso', 'contoso', 'text'], ['42', 42, 'number'], ['"42"', '42', 'text'], ['true', true, 'boolean'], ['null', null, 'null'], ['[1]', [1], 'list']];
  for (const [text, value, kind] of table) assert.deepEqual(json.typed(text), { value, kind });
  assert.deepEqual(json.typedKey(' '), { key: undefined });
  assert.deepEqual(json.typedKey('["a",1]'), { key: ['a', 1] });
  assert.equal(typeof json.typedKey('{"a":1}'), 'string');
});

test('a new item has its key to be filled in', () => {
  assert.deepEqual(JSON.parse(json.template('1', ['/a/b', '/c'])), { id: '1', a: { b: '' }, c: '' });
  assert.deepEqual(JSON.parse(json.template('1', ['/id'])), { id: '1' });
});

test('requests lie where they were seen, and otherwise one after the other', () => {
  const attempt = (endpoint, durationMs) => ({ endpoint, durationMs });
  const at = (list) => list.map(({ begin, end }) => [begin, end]);
  const two = [attempt('http://a', 10), attempt('http://b/', 5)];
  assert.deepEqual(at(bars(two, [])), [[0, 10], [10, 15]]);
  const seen = [{ origin: 'http://b', begin: 130, end: 140 }, { origin: 'http://a', begin: 100, end: 150 }];
  assert.deepEqual(at(bars(two, seen)), [[0, 50], [30, 40]]);
  assert.deepEqual(at(bars(two, [{ origin: 'http://a', begin: 100, end: Infinity }])), [[0, 10], [10, 15]]);
});
