// Who is measured: each opens a client and gives its operations, a read and a create of one item, whose
// answers they parse.

import http from 'node:http';

const [DATABASE, CONTAINER, ID, KEY] = ['d', 'c', 'item-1', 'pk-1'];
const ITEM = { id: ID, pk: KEY, payload: 'x'.repeat(980) };

async function driver({ endpoint, key }, more = {}) {
  const { CosmosClient } = await import('../dist/index.js');
  const { items } = (await CosmosClient.open({ endpoint, key, ...more })).database(DATABASE).container(CONTAINER);
  return {
    read: async () => (await items.read(ID, KEY)).json(),
    create: async () => (await items.create(KEY, ITEM, { contentResponseOnWrite: true })).json(),
  };
}

async function driverOverFetch(account) {
  const { fetchTransport } = await import('../dist/index.js');
  return driver(account, { transport: fetchTransport() });
}

async function azure({ endpoint, key }) {
  const { CosmosClient } = await import('@azure/cosmos');
  const client = new CosmosClient({ endpoint, key, connectionPolicy: { enableBackgroundEndpointRefreshing: false } });
  const { items, item } = bound(client.database(DATABASE).container(CONTAINER));
  return {
    read: async () => (await item(ID, KEY).read()).resource,
    create: async () => (await items.create(ITEM)).resource,
  };
}

const bound = (container) => ({ items: container.items, item: container.item.bind(container) });

/** The floor: no signature, no retries, no diagnostics. */
async function bare({ endpoint }) {
  const agent = new http.Agent({ keepAlive: true });
  const url = new URL(`dbs/${DATABASE}/colls/${CONTAINER}/docs`, endpoint);
  const send = (method, path, body) => new Promise((resolve, reject) => {
    const request = http.request(url.href + path, { agent, method }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
    request.on('error', reject).end(body);
  });
  return {
    read: async () => JSON.parse((await send('GET', `/${ID}`)).toString()),
    create: async () => JSON.parse((await send('POST', '', JSON.stringify(ITEM))).toString()),
  };
}

export const contenders = {
  'bare node:http': bare,
  'this package': driver,
  'this package over fetch': driverOverFetch,
  '@azure/cosmos 4.10.1': azure,
};
