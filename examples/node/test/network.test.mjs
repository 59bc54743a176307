// What the network does to operations: slowness, refusals, breaks. Each against a server that is written here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { CosmosError, fetchTransport } from '@cosmosdb-driver/js';
import { answer, KEY, openClient, startScript, startServers } from './servers.mjs';

const items = (client) => client.database('d').container('c').items;

/** Each request goes where it is told, without metadata. */
const lean = (t, endpoint, more) => openClient(t, { endpoint, metadata: 'lean', ...more });

const is = (kind) => (error) => {
  assert(error instanceof CosmosError, String(error?.stack));
  assert.equal(error.kind, kind, error.message);
  return true;
};

for (const [name, options] of [['node:http', {}], ['fetch', { transport: fetchTransport() }]]) {
  test(`fifty reads are under way at once in one instance over ${name}`, async (t) => {
    const waiting = [];
    const { endpoint, seen } = await startScript(t, (_, response) => {
      waiting.push(response);
      // Nobody is answered before all have come: one after the other would never end.
      if (waiting.length === 50) for (const one of waiting) answer(one, 200, {}, '{"id":"1"}');
    });
    const client = await lean(t, endpoint, options);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => items(client).read(String(i), 'a')));
    assert(answers.every(({ status }) => status === 200));
    assert.deepEqual([seen.most, seen.requests.length], [50, 50]);
  });

  test(`a refused connection is a transport error of which nothing was sent, over ${name}`, async (t) => {
    const { refused } = await startServers(t);
    const client = await lean(t, refused.endpoint, options);
    const error = await items(client).create('a', { id: '1', pk: 'a' }, { maxFailoverRetries: 0 }).catch((error) => error);
    assert(is('transport')(error));
    assert.deepEqual([error.outcome, error.retryable, error.status], ['not-applied', true, undefined]);
    assert(error.diagnostics.attempts.length >= 1);
    for (const attempt of error.diagnostics.attempts) {
      assert.deepEqual([attempt.requestSent, attempt.error], ['not-sent', attempt.error]);
      assert.match(attempt.error, /connection-refused/);
    }
  });

  test(`an answer that breaks off is not taken for a whole one over ${name}`, async (t) => {
    const { endpoint } = await startScript(t, (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    });
    const client = await lean(t, endpoint, options);
    const error = await items(client).read('1', 'a', { maxFailoverRetries: 0 }).catch((error) => error);
    assert(is('transport')(error));
    assert.equal(error.diagnostics.attempts[0].requestSent, 'sent');
  });

  test(`an aborted call ends as cancelled, and its request with it, over ${name}`, async (t) => {
    const { endpoint, seen, until } = await startScript(t, () => {});
    const client = await lean(t, endpoint, options);
    const controller = new AbortController();
    const call = items(client).create('a', { id: '1', pk: 'a' }, { signal: controller.signal });
    await until(() => seen.requests.length === 1);
    controller.abort();
    const error = await call.catch((error) => error);
    assert(is('cancelled')(error));
    assert.equal(error.outcome, 'unknown');
    await until(() => seen.abandoned === 1);
    await assert.rejects(items(client).read('1', 'a', { signal: controller.signal }), (error) =>
      is('cancelled')(error) && error.outcome === 'not-applied');
    assert.equal(seen.requests.length, 1);
  });
}

test('a throttled read is repeated when the service says so', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response, number) =>
    number < 2 ? answer(response, 429, { 'x-ms-retry-after-ms': '20' }) : answer(response, 200, {}, '{"id":"1"}'));
  const client = await lean(t, endpoint);
  const read = await items(client).read('1', 'a');
  assert.equal(seen.requests.length, 3);
  assert.deepEqual(read.diagnostics.attempts.map(({ status }) => status), [429, 429, 200]);
  assert.equal(read.requestCharge, 4.5);
  await assert.rejects(
    (async () => {
      seen.requests.length = 0;
      await items(client).read('1', 'a', { maxThrottleRetries: 0 });
    })(),
    (error) => is('throttled')(error) && error.retryAfterMs === 20 && error.retryable,
  );
});

test('a call ends at its deadline, when nothing else happens', async (t) => {
  const { endpoint, seen, until } = await startScript(t, () => {});
  const client = await lean(t, endpoint);
  await assert.rejects(items(client).read('1', 'a', { endToEndTimeoutMs: 1000 }), is('timeout'));
  await until(() => seen.abandoned === seen.requests.length);
});

test('connections are kept, and one instance takes a thousand operations', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{"id":"1"}'));
  const client = await lean(t, endpoint);
  for (let i = 0; i < 10; i++) await items(client).read(String(i), 'a');
  assert.equal(seen.connections, 1);
  const many = await Promise.all(Array.from({ length: 1000 }, (_, i) => items(client).read(String(i), 'a')));
  assert.equal(many.length, 1000);
  assert.equal(seen.requests.length, 1010);
});

test('a session token and a continuation of 16 KB each fit into the head of an answer', async (t) => {
  const token = `0:-1#${'1'.repeat(16_000)}`;
  const headers = { 'x-ms-session-token': token, 'x-ms-continuation': 'c'.repeat(16_000) };
  const { endpoint } = await startScript(t, (_, response) => answer(response, 200, headers, '{"id":"1"}'));
  const read = await items(await lean(t, endpoint)).read('1', 'a');
  assert.deepEqual([read.sessionToken, read.headers.continuation.length], [token, 16_000]);
});

test('a process ends by itself when its last call is done', async (t) => {
  const { endpoint } = await startScript(t, (_, response, number) =>
    number === 0 ? answer(response, 429, { 'x-ms-retry-after-ms': '50' }) : answer(response, 200, {}, '{"id":"1"}'));
  const program = `
    import { CosmosClient } from '@cosmosdb-driver/js';
    const client = await CosmosClient.open(${JSON.stringify({ endpoint, key: KEY, metadata: 'lean' })});
    console.log((await client.database('d').container('c').items.read('1', 'a')).status);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname ?? undefined });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'exit');
  assert.deepEqual([code, said.trim()], [0, '200']);
});

test('closing lets operations finish, and refuses later ones', async (t) => {
  const held = [];
  const { endpoint, seen, until } = await startScript(t, (_, response) => held.push(response));
  const client = await lean(t, endpoint);
  const read = items(client).read('1', 'a');
  await until(() => seen.requests.length === 1);
  client.close();
  await assert.rejects(items(client).read('1', 'a'), is('closed'));
  answer(held[0], 200, {}, '{"id":"1"}');
  assert.equal((await read).status, 200);
});

test('faults act inside the driver', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{"id":"1"}'));
  const client = await lean(t, endpoint);
  client.faults.add({ id: 'once', error: 'too-many-requests', hitLimit: 1 });
  const read = await items(client).read('1', 'a');
  assert.deepEqual(read.diagnostics.attempts.map(({ status }) => status), [429, 200]);
  assert.deepEqual([client.faults.hits('once'), client.faults.remove('once'), client.faults.hits('once')], [1, true, undefined]);
  assert.equal(seen.requests.length, 1);
});

test('a transport may fail at once, answer nonsense, or use the client itself', async (t) => {
  const throwing = await lean(t, 'http://127.0.0.1:1/', { transport: () => { throw new Error('not today'); } });
  const error = await items(throwing).read('1', 'a', { maxFailoverRetries: 0 }).catch((error) => error);
  assert(is('transport')(error));
  assert.match(error.message, /not today/);

  const ok = { status: 200, headers: [], body: new TextEncoder().encode('{"id":"1"}') };
  let depth = 0;
  const nested = await lean(t, 'http://127.0.0.1:1/', {
    transport: async () => {
      if (depth++ === 0) await items(nested).read('2', 'a');
      return ok;
    },
  });
  assert.equal((await items(nested).read('1', 'a')).status, 200);
  assert.equal(depth, 2);

  const nonsense = await lean(t, 'http://127.0.0.1:1/', { transport: async () => ({ status: 200 }) });
  const calls = [items(nonsense).create('a', { id: '1', pk: 'a' }), items(nonsense).read('2', 'a')];
  for (const { reason } of await Promise.allSettled(calls)) {
    assert(is('closed')(reason));
    assert.equal(reason.outcome, 'unknown');
  }
  await assert.rejects(items(nonsense).read('1', 'a'), is('closed'));
});

test('a signal that comes too late ends nobody else', async (t) => {
  const held = [];
  const { endpoint, until, seen } = await startScript(t, (_, response) => held.push(response));
  const client = await lean(t, endpoint);
  const controller = new AbortController();
  const first = items(client).read('1', 'a', { signal: controller.signal });
  await until(() => seen.requests.length === 1);
  answer(held[0], 200, {}, '{"id":"1"}');
  await first;
  const second = items(client).read('2', 'a');
  controller.abort();
  await until(() => seen.requests.length === 2);
  answer(held[1], 200, {}, '{"id":"2"}');
  assert.equal((await second).json().id, '2');
});

test('a name that nobody has is told as such', async (t) => {
  const client = await lean(t, 'https://nobody.invalid');
  const error = await items(client).create('a', { id: '1', pk: 'a' }, { maxFailoverRetries: 0 }).catch((error) => error);
  assert(is('transport')(error));
  assert.equal(error.outcome, 'not-applied');
  assert.match(error.diagnostics.attempts[0].error, /DNS-error/);
});

test('a server without TLS is told as such', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200));
  for (const options of [{}, { transport: fetchTransport() }]) {
    const client = await lean(t, endpoint.replace('http:', 'https:'), options);
    const error = await items(client).read('1', 'a', { maxFailoverRetries: 0 }).catch((error) => error);
    assert(is('transport')(error));
    assert.match(error.diagnostics.attempts[0].error, /TLS-protocol-error/);
  }
  assert.equal(seen.requests.length, 0);
});
