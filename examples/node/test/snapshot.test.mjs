// A client that begins with what another one has learned.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openClient, startServers } from './servers.mjs';

test('a restored client needs no metadata, and reads what the first one wrote', async (t) => {
  const servers = await startServers(t);
  const first = await openClient(t, servers.gateway);
  await first.database('d').container('c').items.create('a', { id: '1', pk: 'a' });
  const snapshot = first.snapshot();
  await servers.requests('gateway');
  const second = await openClient(t, servers.gateway);
  const restored = second.restore(snapshot);
  assert(restored.taken > 0, JSON.stringify(restored));
  assert.equal((await second.database('d').container('c').items.read('1', 'a')).status, 200);
  const lines = (await servers.requests('gateway')).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(lines, ['GET /dbs/d/colls/c/docs/1']);
});

test('what is no snapshot is refused', async (t) => {
  const servers = await startServers(t);
  const client = await openClient(t, servers.gateway);
  assert.equal(client.restore(new Uint8Array([1, 2, 3])), 'damaged');
  assert.throws(() => client.restore(7), TypeError);
});
