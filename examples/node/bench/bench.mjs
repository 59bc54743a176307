// `cargo xtask bench --js`: operations per second beside `@azure/cosmos`, in rounds that take turns, against one server.
// With `--quick` a smoke test.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { CosmosClient } from '../dist/index.js';
import { contenders } from './contenders.mjs';

const isQuick = process.argv.includes('--quick');
const [ROUNDS, MILLISECONDS] = isQuick ? [1, 200] : [5, 1000];
const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const program = process.env.COSMOSDB_TEST_SERVERS
  ?? resolve(workspace, process.env.CARGO_TARGET_DIR || 'target', 'debug', 'serve');
/** The server on one core, clients on another, where that can be said. */
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0 && availableParallelism() > 1;
const pinned = (core, command) => (canPin ? ['taskset', '-c', String(core), ...command] : command);

const [head, ...rest] = pinned(0, [program]);
const server = spawn(head, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = await once(createInterface({ input: server.stdout }), 'line');
const { fixed, emulator } = JSON.parse(line);
const account = JSON.stringify({ endpoint: fixed.endpoint, key: emulator.key });

const rounds = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(contenders)) {
    const client = fileURLToPath(new URL('client.mjs', import.meta.url));
    const [tool, ...args] = pinned(1, [process.execPath, client, name, account, String(MILLISECONDS)]);
    rounds[name].push(JSON.parse(execFileSync(tool, args, { encoding: 'utf8' })));
  }
}
server.stdin.end();
report();
await fiftyAtOnce(emulator.key);

function report() {
  const columns = ['read, 1 at once', 'read, 20 at once', 'create, 1 at once', 'create, 20 at once'];
  console.log(`Node ${process.version}, ${cpus()[0]?.model}, ${availableParallelism()} cores${canPin ? ', pinned' : ''}\n`);
  console.log(`| operations/s (µs CPU each) | ${columns.join(' | ')} | first read, ms |`);
  console.log(`|---|${'---:|'.repeat(columns.length + 1)}`);
  for (const [name, results] of Object.entries(rounds)) {
    const median = (column) => results.map((one) => one[column]).sort((a, b) => a - b)[ROUNDS >> 1];
    const cells = columns.map((column) => `${Math.round(median(column))} (${Math.round(median(`CPU of ${column}`))})`);
    console.log(`| ${name} | ${cells.join(' | ')} | ${Math.round(median('first read'))} |`);
  }
}

/** Fifty reads, each of which the server takes 100 ms for, in one instance. */
async function fiftyAtOnce(key) {
  const slow = createServer((_, response) => setTimeout(() => response.end('{"id":"1"}'), 100));
  await once(slow.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${slow.address().port}/`;
  const client = await CosmosClient.open({ endpoint, key, metadata: 'lean' });
  const { items } = client.database('d').container('c');
  const fifty = () => Promise.all(Array.from({ length: 50 }, (_, i) => items.read(String(i), 'a')));
  const begin = performance.now();
  await fifty();
  console.log(`\n50 reads of 100 ms in one instance, the first it runs: ${Math.round(performance.now() - begin)} ms`);
  client.close();
  slow.closeAllConnections();
  slow.close();
}
