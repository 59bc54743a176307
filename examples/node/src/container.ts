// A container, and those of a database.

import type { ContainerRef } from '../generated/abi.js';
import type { Connection } from './connection.js';
import type { Feed } from './feed.js';
import { Items } from './items.js';
import { bytes, partitionKey, throughput, type CallOptions, type Document, type FeedOptions, type PartitionKey, type Throughput } from './options.js';
import type { CosmosResponse } from './response.js';

/** A container as the service describes it; what else there is in it, the service knows. */
export interface ContainerDefinition {
  id: string;
  /** `version: 2`, please: the service takes a missing one for its legacy hash. */
  partitionKey: { paths: string[]; kind?: 'Hash' | 'MultiHash'; version?: 1 | 2 };
  [property: string]: unknown;
}

/** Options of a creation. */
export interface CreateOptions extends CallOptions {
  throughput?: Throughput | undefined;
}

/** A container. Making this object sends nothing. */
export class Container {
  readonly id: string;
  /** What is in it. */
  readonly items: Items;
  readonly #connection: Connection;
  readonly #ref: ContainerRef;

  /** @internal */
  constructor(connection: Connection, ref: ContainerRef) {
    this.id = ref.container;
    this.items = new Items(connection, ref);
    this.#connection = connection;
    this.#ref = ref;
  }

  /** Reads its definition. One GET. Errors of note: `not-found`. */
  read(options: CallOptions = {}): Promise<CosmosResponse<ContainerDefinition>> {
    return this.#connection.execute({ tag: 'read-container', val: this.#ref }, options);
  }

  /** Replaces its definition, whole; with `merge` only the properties that are named. */
  replace(
    definition: Document, options: CallOptions & { ifMatch?: string | undefined; merge?: boolean | undefined } = {},
  ): Promise<CosmosResponse<ContainerDefinition>> {
    const { ifMatch, merge = false } = options;
    const val = { container: this.#ref, definition: bytes(definition), ifMatch, merge };
    return this.#connection.execute({ tag: 'replace-container', val }, options);
  }

  /** Deletes it with all its items. One DELETE. */
  delete(options: CallOptions = {}): Promise<CosmosResponse<never>> {
    return this.#connection.execute({ tag: 'delete-container', val: this.#ref }, options);
  }

  /** Reads its throughput, or sets it. Errors of note: `not-found` if it has none of its own. */
  throughput(to?: Throughput, options: CallOptions = {}): Promise<CosmosResponse> {
    const val = { ...this.#ref, throughput: throughput(to) };
    return this.#connection.execute({ tag: 'manage-throughput', val }, options);
  }

  /** The ranges that divide its items, so that several readers can share them; or the one of a partition key. */
  async feedRanges(key?: PartitionKey, options: CallOptions = {}): Promise<string[]> {
    const val = { container: this.#ref, key: key === undefined ? [] : partitionKey(key) };
    return (await this.#connection.execute<string[]>({ tag: 'read-feed-ranges', val }, options)).json();
  }
}

/** The containers of a database. */
export class Containers {
  readonly #connection: Connection;
  readonly #database: string;

  /** @internal */
  constructor(connection: Connection, database: string) {
    this.#connection = connection;
    this.#database = database;
  }

  /** Creates a container. One POST. Errors of note: `conflict`. */
  create(definition: ContainerDefinition | Uint8Array, options: CreateOptions = {}): Promise<CosmosResponse<ContainerDefinition>> {
    const val = { database: this.#database, definition: bytes(definition), throughput: throughput(options.throughput) };
    return this.#connection.execute({ tag: 'create-container', val }, options);
  }

  /** All of them. */
  list(options: FeedOptions = {}): Feed<ContainerDefinition> {
    const collection = { tag: 'containers', val: this.#database } as const;
    return this.#connection.feed({ tag: 'read-resources', val: { collection, query: undefined, parameters: [] } }, options);
  }
}
