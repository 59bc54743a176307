// Does the steps of `host-tests/cases` with the package, wherever it runs.

const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const base64 = (data) => btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
const parsed = (body) => (body.length ? JSON.parse(new TextDecoder().decode(body)) : null);

function answer(response) {
  return {
    status: response.status,
    body: parsed(response.body),
    etag: response.etag ?? null,
    charge: response.requestCharge,
    requests: response.diagnostics.requestCount,
    results: (response.results ?? []).map(({ status, body, failure }) => ({
      status, body: parsed(body), failure: failure?.kind ?? null,
    })),
  };
}

async function rows(feed, most = Infinity) {
  const told = { rows: [], sizes: [], charge: 0, continuation: null };
  while (told.sizes.length < most) {
    const page = await feed.nextPage();
    if (page?.status !== 200) break;
    told.rows.push(...page.items);
    told.sizes.push(page.items.length);
    told.charge += page.requestCharge;
  }
  try {
    told.continuation = feed.continuation() ?? null;
  } catch {
    // It cannot be resumed.
  }
  return told;
}

const operation = ({ do: op, ...rest }) => ({ op, ...rest });

/** A function that does a step with a client of its own, and tells what came of it. */
export function agent({ CosmosClient, CosmosError }, settings = {}) {
  let client;

  async function run(step) {
    const { database, container, key, id, item, continuation } = step;
    if (step.do === 'open') {
      client = await CosmosClient.open({ metadata: 'lean', ...settings, endpoint: step.endpoint, key: step.key });
      return {};
    }
    const shop = client.database(database);
    const { items } = shop.container(container);
    const options = { ...step.options, ifMatch: step.ifMatch, ifNoneMatch: step.ifNoneMatch };
    const feed = { key, continuation, maxItemCount: step.pageSize };
    switch (step.do) {
      case 'close': client.close(); return {};
      case 'snapshot': return { snapshot: base64(client.snapshot()) };
      case 'restore': {
        const restored = client.restore(bytes(step.snapshot));
        return { refused: typeof restored === 'string' ? restored : null };
      }
      case 'create-database': return answer(await client.databases.create(database));
      case 'delete-database': return answer(await shop.delete());
      case 'create-container': {
        const kind = step.paths.length > 1 ? 'MultiHash' : 'Hash';
        return answer(await shop.containers.create({ id: container, partitionKey: { paths: step.paths, kind, version: 2 } }));
      }
      case 'delete-container': return answer(await shop.container(container).delete());
      case 'create': return answer(await items.create(key, item, options));
      case 'upsert': return answer(await items.upsert(key, item, options));
      case 'read': return answer(await items.read(id, key, options));
      case 'replace': return answer(await items.replace(id, key, item, options));
      case 'delete': return answer(await items.delete(id, key, options));
      case 'patch': return answer(await items.patch(id, key, step.operations, { ...options, condition: step.condition }));
      case 'batch': return answer(await items.batch(key, step.actions.map(operation)));
      case 'bulk': return answer(await items.bulk(step.actions.map(operation)));
      case 'query': return rows(items.query({ query: step.text, parameters: step.parameters }, feed), step.pages);
      case 'read-feed': return rows(items.readAll(feed), step.pages);
      case 'change-feed': return rows(items.changeFeed({ ...feed, start: 'beginning' }), step.pages);
      case 'read-many': return rows(items.readMany(step.items, { inOrder: step.inOrder ?? false }), step.pages);
      default: throw new Error(`${step.do} is no step`);
    }
  }

  return async (step) => {
    try {
      return { ok: await run(step) };
    } catch (error) {
      if (!(error instanceof CosmosError)) throw error;
      const { kind, status = null, subStatus = null, retryable, outcome, failedOperation = null } = error;
      return { error: { kind, status, subStatus, retryable, outcome, failedOperation } };
    }
  };
}
