// What callers say: checked before anything is sent, and never told to logs.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';

import { CosmosClient, CosmosError } from '@cosmosdb-driver/js';
import { answer, KEY, openClient, startScript } from './servers.mjs';

async function scene(t) {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{"id":"1"}'));
  const client = await openClient(t, { endpoint, metadata: 'lean' });
  return { client, seen, items: client.database('d').container('c').items };
}

test('wrong types are a TypeError, and the client goes on', async (t) => {
  const { client, items, seen } = await scene(t);
  const wrong = [
    () => items.read('1'),
    () => items.read('1', undefined),
    () => items.read('1', {}),
    () => items.read(1, 'a'),
    () => items.create('a', 'text'),
    () => items.create('a', null),
    () => items.read('1', 'a', { priorityLevel: 'highest' }),
    () => items.read('1', 'a', { maxFailoverRetries: -1 }),
    () => items.read('1', 'a', { maxFailoverRetries: 1.5 }),
    () => items.read('1', 'a', { maxFailoverRetries: 2 ** 32 }),
    () => items.read('1', 'a', { endToEndTimeoutMs: '2000' }),
    () => client.databases.create('d', { throughput: '400' }),
    () => CosmosClient.open({ endpoint: 'https://a', key: KEY, runtime: { workloadId: 300 } }),
    () => items.read('1', 'a', { ifMatch: '"a"', ifNoneMatch: '"b"' }),
    () => items.patch('1', 'a', [{ op: 'grow', path: '/a', value: 1 }]),
    () => items.patch('1', 'a', [{ op: 'set', path: '/a' }]),
    () => items.batch('a', [{ op: 'explode', id: '1' }]),
    () => items.query('SELECT * FROM c', { key: 'a', range: 'b' }),
  ];
  for (const call of wrong) {
    await assert.rejects(async () => call(), TypeError, call.toString());
  }
  assert.equal((await items.read('1', 'a', { maxFailoverRetries: null, sessionToken: null })).status, 200);
  assert.equal(seen.requests.length, 1);
});

test('wrong values are the driver\'s invalid-argument', async (t) => {
  const { items, seen } = await scene(t);
  const invalid = (error) => error instanceof CosmosError && error.kind === 'invalid-argument';
  await assert.rejects(items.read('a/b', 'a'), invalid);
  await assert.rejects(items.read('1', NaN), invalid);
  await assert.rejects(items.read('1', 'a', { customHeaders: { 'x-a': 'b\r\nc: d' } }), invalid);
  await assert.rejects(items.read('1', 'a', { endToEndTimeoutMs: 1 }), invalid);
  await assert.rejects(CosmosClient.open({ endpoint: 'ftp://a', key: KEY }), invalid);
  await assert.rejects(CosmosClient.open({ endpoint: 'https://a.documents.azure.com', key: 'not base64!' }), invalid);
  await assert.rejects(CosmosClient.open({ endpoint: 'https://a', key: KEY, token: 'b' }), TypeError);
  await assert.rejects(CosmosClient.open({ endpoint: 'https://a' }), TypeError);
  assert.equal(seen.requests.length, 0);
});

test('options reach the wire', async (t) => {
  const { items, seen } = await scene(t);
  const activityId = '11111111-2222-4333-8444-555555555555';
  await items.read('1', ['a', 1.5, null], {
    customHeaders: { 'x-mine': 'yes' }, activityId, sessionToken: '0:-1#7', ifNoneMatch: '"e"', priorityLevel: 'low',
  });
  const { headers, method, url } = seen.requests[0];
  assert.deepEqual([method, url], ['GET', '/dbs/d/colls/c/docs/1']);
  assert.equal(headers['x-ms-documentdb-partitionkey'], '["a",1.5,null]');
  assert.equal(headers['x-ms-activity-id'], activityId);
  assert.equal(headers['x-ms-session-token'], '0:-1#7');
  assert.equal(headers['if-none-match'], '"e"');
  assert.equal(headers['x-ms-cosmos-priority-level'], 'Low');
  assert.match(headers['user-agent'], /^cosmosdb-driver-js\/0\.1\.0/);
  assert.equal(headers['x-mine'], 'yes');
});

test('layers: the environment, the client, the call', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{}'));
  const environment = { AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE: 'true', PATH: '/bin' };
  const client = await openClient(t, { endpoint, metadata: 'lean', environment });
  const create = (options) => client.database('d').container('c').items.create('a', { id: '1' }, options);
  await create();
  await create({ contentResponseOnWrite: false });
  const other = await openClient(t, { endpoint, metadata: 'lean', environment, defaults: { contentResponseOnWrite: false } });
  await other.database('d').container('c').items.create('a', { id: '1' });
  assert.deepEqual(seen.requests.map(({ headers }) => headers.prefer), [undefined, 'return=minimal', 'return=minimal']);
});

test('whoever signs in place of the driver sees the request', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{"id":"1"}'));
  const { fetchTransport } = await import('@cosmosdb-driver/js');
  const send = fetchTransport();
  const transport = (request) => send({ ...request, headers: [...request.headers, 'authorization', 'mine'] });
  const client = await CosmosClient.open({ endpoint, unsigned: true, metadata: 'lean', transport });
  await client.database('d').container('c').items.create('a', { id: '1', pk: 'a' });
  assert.equal(seen.requests[0].headers.authorization, 'mine');
  assert.equal(seen.requests[0].body.toString(), '{"id":"1","pk":"a"}');
});

test('secrets are not shown', async (t) => {
  const secret = Buffer.from('do not show me, please').toString('base64');
  const { endpoint } = await startScript(t, (_, response) => answer(response, 401, {}, '{"message":"no"}'));
  const client = await openClient(t, { endpoint, metadata: 'lean', key: secret });
  const error = await client.database('d').container('c').items.read('1', 'a').catch((error) => error);
  assert.equal(error.kind, 'unauthorized');
  const texts = [client, client.database('d'), client.databases, error, error.diagnostics, error.headers].map((one) =>
    inspect(one, { depth: 20, showHidden: true }) + JSON.stringify(one));
  for (const text of texts) {
    assert(!text.includes(secret) && !text.includes('do not show'), text.slice(0, 200));
  }
});

test('a token is replaced while the client runs', async (t) => {
  const { endpoint, seen } = await startScript(t, (_, response) => answer(response, 200, {}, '{"id":"1"}'));
  const client = await CosmosClient.open({ endpoint, metadata: 'lean', token: 'first' });
  await client.database('d').container('c').items.read('1', 'a');
  client.setToken('second');
  await client.database('d').container('c').items.read('1', 'a');
  const tokens = seen.requests.map(({ headers }) => decodeURIComponent(headers.authorization));
  assert.deepEqual(tokens, ['type=aad&ver=1.0&sig=first', 'type=aad&ver=1.0&sig=second']);
});

test('heads are whole, and nothing is in them twice', async (t) => {
  const { items, seen } = await scene(t);
  await items.read('1', 'a');
  await items.create('a', { id: '1', text: 'ä' });
  const [read, create] = seen.requests;
  assert.equal(read.headers.host, create.headers.host);
  assert.match(read.headers.host, /^127\.0\.0\.1:\d+$/);
  assert.equal(read.headers.connection, 'keep-alive');
  assert.deepEqual([read.headers['content-length'], read.headers['transfer-encoding']], [undefined, undefined]);
  assert.deepEqual([create.headers['content-length'], create.headers['transfer-encoding']], [String(create.body.length), undefined]);
  for (const { headers } of seen.requests) {
    for (const [name, value] of Object.entries(headers)) {
      if (/^(host|x-ms-|authorization)/.test(name)) assert(!/^(.+), \1$/.test(value), `${name}: ${value}`);
    }
  }
});
