// The items of a container.

import type { ChangeFeedMode, ContainerRef, ItemRef, QueryParameter } from '../generated/abi.js';
import type { Connection } from './connection.js';
import type { Feed } from './feed.js';
import { action, patch, type BulkOperation, type Operation, type PatchOperation } from './operations.js';
import {
  bytes, json, partitionKey, precondition, scope, type CallOptions, type Document, type FeedOptions, type ItemOptions,
  type PartitionKey, type ScopeOptions,
} from './options.js';
import { BatchResponse, type CosmosResponse } from './response.js';

/** A query's text with its parameters: by name, with their `@`, or as a list. */
export interface Query {
  query: string;
  parameters?: Record<string, unknown> | { name: string; value: unknown }[] | undefined;
}

/** Options of a query. */
export interface QueryOptions extends ScopeOptions {
  /** Whether pages say how the query was carried out (`headers.queryMetrics`). */
  queryMetrics?: boolean | undefined;
  /** Whether pages say which indexes were used (`headers.indexMetrics`). */
  indexMetrics?: boolean | undefined;
}

/** Options of a patch. */
export interface PatchOptions extends ItemOptions {
  /** For example `from c where c.stock > 0`: otherwise nothing changes, and the error is `precondition-failed`. */
  condition?: string | undefined;
  /** Has the driver apply the patch, between a read and a guarded replace: for more than ten operations, or where an increment
   * must survive a lost answer. */
  readModifyWrite?: boolean | undefined;
}

/** Options of a change feed. */
export interface ChangeFeedOptions extends ScopeOptions {
  /** Default: `latest-version`. */
  mode?: ChangeFeedMode | undefined;
  /** Default: `now`. */
  start?: 'beginning' | 'now' | Date | undefined;
  /** Whether latest versions come with the time and the number of the change. */
  withMetadata?: boolean | undefined;
}

/** The items of a container. Operations on one item take its complete partition key value. */
export class Items {
  readonly #connection: Connection;
  readonly #container: ContainerRef;

  /** @internal */
  constructor(connection: Connection, container: ContainerRef) {
    this.#connection = connection;
    this.#container = container;
  }

  /** Creates an item. One POST. Errors of note: `conflict`, `payload-too-large`. */
  create<T = unknown>(key: PartitionKey, item: Document, options: ItemOptions = {}): Promise<CosmosResponse<T>> {
    return this.#connection.execute({ tag: 'create-item', val: this.#write(key, item, options) }, options);
  }

  /** Creates an item, or replaces the one of the same id and key. One POST. */
  upsert<T = unknown>(key: PartitionKey, item: Document, options: ItemOptions = {}): Promise<CosmosResponse<T>> {
    return this.#connection.execute({ tag: 'upsert-item', val: this.#write(key, item, options) }, options);
  }

  /** Reads an item. One GET. Errors of note: `not-found`. */
  read<T = unknown>(id: string, key: PartitionKey, options: ItemOptions = {}): Promise<CosmosResponse<T>> {
    return this.#connection.execute({ tag: 'read-item', val: this.#name(id, key, options) }, options);
  }

  /** Replaces an existing item. One PUT. Errors of note: `not-found`, `precondition-failed`. */
  replace<T = unknown>(
    id: string, key: PartitionKey, item: Document, options: ItemOptions = {},
  ): Promise<CosmosResponse<T>> {
    const val = { ...this.#name(id, key, options), body: bytes(item) };
    return this.#connection.execute({ tag: 'replace-item', val }, options);
  }

  /** Deletes an item. One DELETE. Errors of note: `not-found`, `precondition-failed`. */
  delete(id: string, key: PartitionKey, options: ItemOptions = {}): Promise<CosmosResponse<never>> {
    return this.#connection.execute({ tag: 'delete-item', val: this.#name(id, key, options) }, options);
  }

  /** Changes parts of an item, all or none of them. One PATCH. Errors of note: `not-found`, `precondition-failed`. */
  patch<T = unknown>(
    id: string, key: PartitionKey, operations: PatchOperation[], options: PatchOptions = {},
  ): Promise<CosmosResponse<T>> {
    const { condition, readModifyWrite = false } = options;
    const val = { ...this.#name(id, key, options), operations: patch(operations), condition, readModifyWrite };
    return this.#connection.execute({ tag: 'patch-item', val }, options);
  }

  /** Up to 100 operations on items of one partition key value, all or nothing. One POST. If one fails, the error's
   * `failedOperation` says which. */
  async batch(
    key: PartitionKey, operations: Operation[], options: CallOptions & { sessionToken?: string | undefined } = {},
  ): Promise<BatchResponse> {
    const steps = operations.map((operation) => ({ action: action(operation), precondition: precondition(operation) }));
    const { sessionToken } = options;
    const val = { container: this.#container, key: partitionKey(key), operations: steps, sessionToken };
    return new BatchResponse(await this.#connection.run({ tag: 'execute-batch', val }, options));
  }

  /** Any number of operations, each for itself, in few requests. It fails only as a whole if the container cannot be found:
   * look at `failure` of each result. */
  async bulk(
    operations: BulkOperation[], options: CallOptions & { maxConcurrency?: number | undefined } = {},
  ): Promise<BatchResponse> {
    const steps = operations.map((operation) => ({
      key: partitionKey(operation.key), action: action(operation), precondition: precondition(operation),
    }));
    const { maxConcurrency } = options;
    const val = { container: this.#container, operations: steps, maxConcurrency };
    return new BatchResponse(await this.#connection.run({ tag: 'execute-bulk', val }, options));
  }

  /** The rows of a query in Cosmos DB's SQL: of the whole container, or of a part of it. */
  query<T = unknown>(query: string | Query, options: QueryOptions = {}): Feed<T> {
    const { query: text, parameters } = typeof query === 'string' ? { query, parameters: undefined } : query;
    const { queryMetrics = false, indexMetrics = false } = options;
    const val = {
      container: this.#container, scope: scope(options), text, parameters: named(parameters), queryMetrics, indexMetrics,
    };
    return this.#connection.feed({ tag: 'query-items', val }, options);
  }

  /** All items, or those of a part of the container. */
  readAll<T = unknown>(options: ScopeOptions = {}): Feed<T> {
    return this.#connection.feed({ tag: 'read-feed', val: { container: this.#container, scope: scope(options) } }, options);
  }

  /** Many items by their ids and keys, in few requests. With `inOrder` one row for each, `null` where there is no item. */
  readMany<T = unknown>(
    items: { id: string; key: PartitionKey }[], options: FeedOptions & { inOrder?: boolean | undefined } = {},
  ): Feed<T> {
    const val = items.map(({ id, key }) => ({ id, key: partitionKey(key) }));
    const { inOrder = false } = options;
    const many = { container: this.#container, input: { tag: 'items', val }, inOrder } as const;
    return this.#connection.feed({ tag: 'read-many', val: many }, options);
  }

  /** All items of these partition keys, in few requests. */
  readKeys<T = unknown>(keys: PartitionKey[], options: FeedOptions = {}): Feed<T> {
    const input = { tag: 'keys', val: keys.map(partitionKey) } as const;
    return this.#connection.feed({ tag: 'read-many', val: { container: this.#container, input, inOrder: false } }, options);
  }

  /** What changes, from a moment on. Loops over it end when there is nothing new; the next one asks again. */
  changeFeed<T = unknown>(options: ChangeFeedOptions = {}): Feed<T> {
    const { mode = 'latest-version', start = 'now', withMetadata = false } = options;
    const from = typeof start === 'string' ? { tag: start } : { tag: 'at' as const, val: Math.floor(+start / 1000) };
    const val = { container: this.#container, scope: scope(options), mode, start: from, withMetadata };
    return this.#connection.feed({ tag: 'change-feed', val }, options);
  }

  #name(id: string, key: PartitionKey, options: ItemOptions) {
    const item: ItemRef = { container: this.#container, id, key: partitionKey(key) };
    return { item, precondition: precondition(options), sessionToken: options.sessionToken };
  }

  #write(key: PartitionKey, item: Document, options: ItemOptions) {
    const { sessionToken } = options;
    const body = bytes(item);
    return { container: this.#container, key: partitionKey(key), body, precondition: precondition(options), sessionToken };
  }
}

/** The driver's parameters. */
export function named(parameters: Query['parameters'] = {}): QueryParameter[] {
  const pairs = Array.isArray(parameters)
    ? parameters.map(({ name, value }) => [name, value] as const)
    : Object.entries(parameters);
  return pairs.map(([name, value]) => ({ name, value: json(value) }));
}
