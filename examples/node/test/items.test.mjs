// Items, against the embedded emulator: over `node:http`, and over `fetch`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CosmosError, fetchTransport } from '@cosmosdb-driver/js';
import { openClient, startServers } from './servers.mjs';

async function orders(t, options = {}) {
  const servers = await startServers(t);
  const client = await openClient(t, { ...servers.emulator, ...options });
  await client.databases.create('shop', { throughput: 400 });
  const database = client.database('shop');
  await database.containers.create({ id: 'orders', partitionKey: { paths: ['/tenant'], kind: 'Hash', version: 2 } });
  return { servers, client, database, container: database.container('orders'), items: database.container('orders').items };
}

const is = (kind, more = {}) => (error) => {
  assert(error instanceof CosmosError, String(error?.stack));
  assert.equal(error.kind, kind, error.message);
  for (const [name, value] of Object.entries(more)) assert.equal(error[name], value, name);
  return true;
};

for (const [name, options] of [['node:http', {}], ['fetch', { transport: fetchTransport() }]]) {
  test(`an item lives and dies over ${name}`, async (t) => {
    const { servers, items } = await orders(t, options);
    const order = { id: '1', tenant: 'contoso', stock: 3, note: 'grüße 🚀, a text longer than what is written by letters' };
    const created = await items.create('contoso', order);
    assert.equal(created.status, 201);
    assert.equal(created.body.length, 0);
    assert.equal(created.requestCharge, created.diagnostics.requestCharge);
    assert.match(created.activityId, /^[0-9a-f-]{36}$/);
    assert(created.sessionToken && created.etag?.startsWith('"'));

    const read = await items.read('1', 'contoso');
    assert.deepEqual(pick(read.json(), order), order);
    assert.equal((await items.read('1', 'contoso', { ifNoneMatch: read.etag })).status, 304);

    const upserted = await items.upsert('contoso', { ...order, stock: 4 }, { contentResponseOnWrite: true });
    assert.equal(upserted.json().stock, 4);
    await assert.rejects(
      items.replace('1', 'contoso', order, { ifMatch: read.etag }),
      is('precondition-failed', { status: 412, outcome: 'not-applied', retryable: false }),
    );
    const bytes = new TextEncoder().encode(JSON.stringify({ ...order, stock: 5 }));
    await items.replace('1', 'contoso', bytes, { ifMatch: upserted.etag });
    const condition = 'from c where c.stock > 4';
    const patched = await items.patch(
      '1', 'contoso', [{ op: 'increment', path: '/stock', value: -1 }, { op: 'set', path: '/tags', value: ['a'] }],
      { condition, contentResponseOnWrite: true },
    );
    assert.deepEqual([patched.json().stock, patched.json().tags], [4, ['a']]);

    assert.equal((await items.delete('1', 'contoso')).status, 204);
    await assert.rejects(items.read('1', 'contoso'), is('not-found', { status: 404 }));
    const lines = (await servers.requests('emulator')).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(lines.slice(-3), [
      'PATCH /dbs/shop/colls/orders/docs/1', 'DELETE /dbs/shop/colls/orders/docs/1', 'GET /dbs/shop/colls/orders/docs/1',
    ]);
  });
}

test('errors say what happened, and nothing more', async (t) => {
  const { items } = await orders(t);
  await items.create('a', { id: '1', tenant: 'a' });
  const error = await items.create('a', { id: '1', tenant: 'a' }).catch((error) => error);
  assert(is('conflict', { status: 409, name: 'CosmosError', failedOperation: undefined })(error));
  assert.equal(error.diagnostics.attempts.length, 1);
  assert(error.requestCharge > 0);
  assert.equal(error.activityId, error.diagnostics.activityId);
  assert(!Object.keys(error).includes('diagnostics'), 'logs stay short');
});

test('a batch is carried out whole or not at all', async (t) => {
  const { items } = await orders(t);
  const done = await items.batch('a', [
    { op: 'create', item: { id: '1', tenant: 'a', n: 1 } },
    { op: 'replace', id: '1', item: { id: '1', tenant: 'a', n: 42 } },
    { op: 'read', id: '1' },
  ]);
  assert.deepEqual(done.results.map((result) => result.status), [201, 200, 200]);
  assert.equal(done.results[2].json().n, 42);
  const failed = items.batch('a', [
    { op: 'upsert', item: { id: '2', tenant: 'a' } },
    { op: 'replace', id: '1', item: { id: '1', tenant: 'a' }, ifMatch: '"outdated"' },
  ]);
  await assert.rejects(failed, is('precondition-failed', { failedOperation: 1 }));
  await assert.rejects(items.read('2', 'a'), is('not-found'));
});

test('databases and containers are listed, read and deleted', async (t) => {
  const { client, database, container } = await orders(t);
  assert.deepEqual((await client.databases.list().toArray()).map(({ id }) => id), ['shop']);
  assert.deepEqual((await database.containers.list().toArray()).map(({ id }) => id), ['orders']);
  assert.deepEqual((await container.read()).json().partitionKey.paths, ['/tenant']);
  assert.equal((await database.read()).json().id, 'shop');
  assert.equal((await container.feedRanges()).length, (await container.feedRanges()).length);
  assert.equal((await container.feedRanges('a')).length, 1);
  await container.delete();
  await assert.rejects(container.read(), is('not-found'));
  await database.delete();
  await assert.rejects(database.read(), is('not-found'));
});

test('keys of every type name their items', async (t) => {
  const { items } = await orders(t);
  const keys = { text: 'grüße', number: -1.5, yes: true, nothing: null };
  for (const [id, tenant] of Object.entries(keys)) await items.create(tenant, { id, tenant });
  await items.create([undefined], { id: 'none' });
  for (const [id, tenant] of Object.entries(keys)) assert.equal((await items.read(id, tenant)).json().tenant, tenant);
  assert.equal((await items.read('none', [undefined])).json().id, 'none');
});

test('a document of a megabyte comes back as it was', async (t) => {
  const { items } = await orders(t);
  const item = { id: 'big', tenant: 'a', text: 'ä'.repeat(500_000) };
  await items.create('a', item);
  assert.equal((await items.read('big', 'a')).json().text, item.text);
});

const pick = (from, like) => Object.fromEntries(Object.keys(like).map((name) => [name, from[name]]));
