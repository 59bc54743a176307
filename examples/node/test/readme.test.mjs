// What the README shows compiles, as strictly as TypeScript can, against the types that are shipped.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const folder = new URL('generated/readme/', root);

/** What the later examples take for granted. */
const PREAMBLE = `
declare const client: CosmosClient;
declare const orders: Container;
declare const items: Items;
declare const many: { id: string; tenant: string }[];
interface Order { id: string; tenant: string; price: number }
`;

test('the README compiles', () => {
  const text = readFileSync(new URL('README.md', root), 'utf8');
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  assert(examples.length >= 5);
  const [first, ...others] = examples;
  const isImport = (line) => line.startsWith('import ');
  const lines = others.join('').split('\n');
  const imports = ["import { CosmosClient, CosmosError, type Container, type Items } from '@cosmosdb-driver/js';"];
  const bodies = others.map((code, i) => {
    const body = code.split('\n').filter((line) => !isImport(line)).join('\n');
    return `export async function example${i}(): Promise<void> {\n${body}\n}`;
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('first.ts', folder), first);
  writeFileSync(new URL('others.ts', folder), [...imports, ...lines.filter(isImport), PREAMBLE, ...bodies].join('\n'));
  const compilerOptions = {
    strict: true, noEmit: true, target: 'ES2022', module: 'NodeNext', types: ['node'], skipLibCheck: false,
    noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true,
    lib: ['ES2022', 'DOM', 'DOM.AsyncIterable', 'ESNext.Disposable'],
  };
  writeFileSync(new URL('tsconfig.json', folder), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(folder)], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('what browsers load names nothing of Node', () => {
  for (const file of ['index.js', 'platform.js']) {
    const code = readFileSync(new URL(`dist/${file}`, root), 'utf8');
    assert(!/["']node:|\bprocess\.|\bBuffer\b/.test(code), file);
  }
});
