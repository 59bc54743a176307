// The servers that the tests talk to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';

import { CosmosClient } from '@cosmosdb-driver/js';

const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const target = resolve(workspace, process.env.CARGO_TARGET_DIR || 'target');
const program = process.env.COSMOSDB_TEST_SERVERS ?? resolve(target, 'debug', 'serve');

/** A key that protects nothing. */
export const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==';

/** The emulator and the simulated gateway of `host-tests`, in a process of their own; the emulator with these regions. */
export async function startServers(t, ...regions) {
  const child = spawn(program, regions, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await lines.next()).value);
  const servers = await line();
  /** Has the servers do something: `offline West US`. */
  const tell = (command) => {
    child.stdin.write(`${command}\n`);
    return line();
  };
  /** What a server has seen since the last time. */
  const requests = (name) => tell(name);
  return { ...servers, tell, requests };
}

/** A client that is closed after the test. */
export async function openClient(t, options) {
  const client = await CosmosClient.open({ key: KEY, ...options });
  t.after(() => client.close());
  return client;
}

/** A server that answers with `handler(request, response, number)`, and counts: what it saw, and how many at once. */
export async function startScript(t, handler) {
  const seen = { requests: [], running: 0, most: 0, abandoned: 0, connections: 0, changed: new EventTarget() };
  const tell = () => seen.changed.dispatchEvent(new Event('change'));
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const number = seen.requests.push({ method, url, headers, body: Buffer.concat(chunks) }) - 1;
      seen.most = Math.max(seen.most, ++seen.running);
      response.on('close', () => {
        seen.running--;
        if (!response.writableFinished) seen.abandoned++;
        tell();
      });
      tell();
      handler(request, response, number);
    });
  });
  server.on('connection', () => seen.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const until = async (condition) => {
    while (!condition(seen)) await once(seen.changed, 'change');
  };
  return { endpoint: `http://127.0.0.1:${server.address().port}/`, seen, until };
}

/** What the service says to everything. */
export function answer(response, status, headers = {}, body = '') {
  response.writeHead(status, { 'x-ms-request-charge': '1.5', 'content-type': 'application/json', ...headers });
  response.end(body);
}
