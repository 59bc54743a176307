// What has many answers, against the simulated gateway with four physical partitions.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CosmosError, Feed } from '@cosmosdb-driver/js';
import { openClient, startServers } from './servers.mjs';

const COUNT = 40;

async function stock(t) {
  const servers = await startServers(t);
  const client = await openClient(t, servers.gateway);
  const items = client.database('d').container('c').items;
  const all = Array.from({ length: COUNT }, (_, n) => ({ id: String(n), pk: `k${n % 10}`, price: (n * 7) % COUNT }));
  const loaded = await items.bulk(all.map((item) => ({ op: 'create', key: item.pk, item })));
  assert.deepEqual(loaded.results.map(({ failure }) => failure), all.map(() => undefined));
  const requests = await servers.requests('gateway');
  return { servers, client, items, all, loadRequests: requests };
}

test('a bulk takes few requests, and tells each operation how it went', async (t) => {
  const { items, loadRequests } = await stock(t);
  const posts = loadRequests.filter(({ method }) => method === 'POST');
  assert.equal(posts.length, 4);
  const done = await items.bulk([
    { op: 'create', key: 'k0', item: { id: '0', pk: 'k0' } },
    { op: 'read', key: 'k1', id: '1' },
    { op: 'delete', key: 'k9', id: 'nobody' },
  ]);
  assert.equal(done.status, 207);
  assert.deepEqual(done.results.map(({ failure }) => failure?.kind), ['conflict', undefined, 'not-found']);
  assert.equal(done.results[1].json().pk, 'k1');
});

test('a query over all partitions is in order, page by page', async (t) => {
  const { servers, items, all } = await stock(t);
  const sorted = all.map(({ price }) => price).sort((a, b) => a - b);
  const feed = items.query('SELECT * FROM c ORDER BY c.price', { maxItemCount: 15 });
  assert.deepEqual(await servers.requests('gateway'), [], 'opening sends nothing');
  const pages = [];
  let charge = 0;
  for await (const page of feed.pages()) {
    assert.equal(page.status, 200);
    charge += page.requestCharge;
    pages.push(page.items.map(({ price }) => price));
  }
  assert.deepEqual(pages.map((page) => page.length), [15, 15, 10]);
  assert.deepEqual(pages.flat(), sorted);
  assert(charge > 0);
  assert.equal(await feed.nextPage(), undefined);
  assert.equal(feed.continuation(), undefined);
  const most = { query: 'SELECT * FROM c WHERE c.price < @most ORDER BY c.price', parameters: { '@most': 3 } };
  assert.deepEqual((await items.query(most).toArray()).map(({ price }) => price), [0, 1, 2]);
  assert.deepEqual(await items.query('SELECT VALUE COUNT(1) FROM c').toArray(), [COUNT]);
});

test('a feed goes on elsewhere from its continuation', async (t) => {
  const { servers, items, all } = await stock(t);
  const text = 'SELECT * FROM c ORDER BY c.price';
  const first = items.query(text, { maxItemCount: 15 });
  const begun = (await first.nextPage()).items;
  const continuation = first.continuation();
  const other = await openClient(t, servers.gateway);
  const rest = other.database('d').container('c').items.query(text, { continuation });
  assert.deepEqual(
    [...begun, ...(await rest.toArray())].map(({ price }) => price),
    all.map(({ price }) => price).sort((a, b) => a - b),
  );
  const wrong = async () => items.query(text, { continuation: 'rubbish' }).nextPage();
  await assert.rejects(wrong, (error) => error instanceof CosmosError && error.kind === 'invalid-argument');
  const count = items.query('SELECT VALUE COUNT(1) FROM c', { resumable: true });
  await assert.rejects(count.nextPage(), (error) => error instanceof CosmosError && error.kind === 'not-resumable');
});

test('a loop that is left goes on in the next one', async (t) => {
  const { items, all } = await stock(t);
  const feed = items.query('SELECT * FROM c', { key: 'k3', maxItemCount: 1 });
  assert(feed instanceof Feed);
  const seen = [];
  for await (const { id } of feed) {
    seen.push(id);
    if (seen.length === 2) break;
  }
  for await (const { id } of feed) seen.push(id);
  assert.deepEqual(seen, all.filter(({ pk }) => pk === 'k3').map(({ id }) => id));
});

test('many items are read by name, by key, and all of them', async (t) => {
  const { items } = await stock(t);
  const names = [{ id: '7', key: 'k7' }, { id: 'nobody', key: 'k1' }, { id: '12', key: 'k2' }];
  const rows = await items.readMany(names, { inOrder: true }).toArray();
  assert.deepEqual(rows.map((row) => row?.id ?? null), ['7', null, '12']);
  assert.deepEqual((await items.readKeys(['k4', 'k5']).toArray()).length, 8);
  assert.equal((await items.readAll().toArray()).length, COUNT);
  assert.equal((await items.readAll({ key: 'k1' }).toArray()).length, 4);
});

test('feed ranges divide a container', async (t) => {
  const { client, items } = await stock(t);
  const ranges = await client.database('d').container('c').feedRanges();
  assert.equal(ranges.length, 4);
  const parts = await Promise.all(ranges.map((range) => items.readAll({ range }).toArray()));
  assert.equal(parts.flat().length, COUNT);
});

test('a change feed ends its loop when there is nothing new, and goes on in the next', async (t) => {
  const { items } = await stock(t);
  const feed = items.changeFeed({ start: 'beginning' });
  assert.equal((await feed.toArray()).length, COUNT);
  const quiet = await feed.nextPage();
  assert.deepEqual([quiet.status, quiet.items], [304, []]);
  await items.create('k1', { id: 'new', pk: 'k1' });
  assert.deepEqual((await feed.toArray()).map(({ id }) => id), ['new']);
  assert(feed.continuation());
});

test('a closed feed says so', async (t) => {
  const { items } = await stock(t);
  const feed = items.readAll();
  feed.close();
  feed.close();
  await assert.rejects(feed.nextPage(), (error) => error instanceof CosmosError && error.kind === 'closed');
  assert.throws(() => feed.continuation(), (error) => error.kind === 'closed');
});
