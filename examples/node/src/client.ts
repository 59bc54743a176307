// An account, and its databases.

import type { FaultCondition, FaultRule, FeedOperation, Operation, Restored, SnapshotRefusal } from '../generated/abi.js';
import { Connection } from './connection.js';
import { Container, Containers, type CreateOptions } from './container.js';
import type { Feed } from './feed.js';
import { throughput, type CallOptions, type ClientOptions, type FeedOptions, type Throughput } from './options.js';
import type { CosmosResponse } from './response.js';

/** A database as the service describes it. */
export interface DatabaseDefinition {
  id: string;
  [property: string]: unknown;
}

/** A client of one account: one instance of the driver, in which any number of operations run at once. */
export class CosmosClient {
  /** The account's databases. */
  readonly databases: Databases;
  /** Failures on purpose, to see how a program takes them. */
  readonly faults: Faults;
  readonly #connection: Connection;

  /** Loads the driver and opens it. Sends nothing. Errors: `invalid-argument` as a `CosmosError`. */
  static async open(options: ClientOptions): Promise<CosmosClient> {
    return new CosmosClient(await Connection.open(options));
  }

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.databases = new Databases(connection);
    this.faults = new Faults(connection);
  }

  /** A database. Sends nothing. */
  database(id: string): Database {
    return new Database(this.#connection, id);
  }

  /** Any operation of the driver, as its contract has it: scripts, users, permissions, raw requests. */
  execute<T = unknown>(operation: Operation, options: CallOptions = {}): Promise<CosmosResponse<T>> {
    return this.#connection.execute(operation, options);
  }

  /** Any feed of the driver, as its contract has it. Sends nothing. */
  feed<T = unknown>(operation: FeedOperation, options: FeedOptions = {}): Feed<T> {
    return this.#connection.feed(operation, options);
  }

  /** Replaces the Entra token; operations that begin later use the new one. */
  setToken(token: string): void {
    this.#connection.setToken(token);
  }

  /**
   * What this client has learned, for another one of the same account to begin with: regions, definitions, partition key ranges,
   * session tokens; no credential, no items. Sends nothing. Keep it where only those can write who may change the configuration.
   */
  snapshot(): Uint8Array {
    return this.#connection.snapshot();
  }

  /** Takes over a snapshot, and tells what of it is used now; or, as a text, why nothing is. Sends nothing, and does no
   * harm: what has changed since is found out as always. */
  restore(snapshot: Uint8Array): Restored | SnapshotRefusal {
    return this.#connection.restore(snapshot);
  }

  /** Forgets the credential and what was cached. Operations that have begun go on; later ones end in `closed`. */
  close(): void {
    this.#connection.close();
  }

  /** The same as [`close`](CosmosClient.close): for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** The databases of an account. */
export class Databases {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Creates a database. One POST. Errors of note: `conflict`. */
  create(id: string, options: CreateOptions = {}): Promise<CosmosResponse<DatabaseDefinition>> {
    const val = { id, throughput: throughput(options.throughput) };
    return this.#connection.execute({ tag: 'create-database', val }, options);
  }

  /** All of them. */
  list(options: FeedOptions = {}): Feed<DatabaseDefinition> {
    const val = { collection: { tag: 'databases' }, query: undefined, parameters: [] } as const;
    return this.#connection.feed({ tag: 'read-resources', val: { ...val, parameters: [] } }, options);
  }
}

/** A database. Making this object sends nothing. */
export class Database {
  readonly id: string;
  /** What is in it. */
  readonly containers: Containers;
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection, id: string) {
    this.id = id;
    this.containers = new Containers(connection, id);
    this.#connection = connection;
  }

  /** A container. Sends nothing. */
  container(id: string): Container {
    return new Container(this.#connection, { database: this.id, container: id });
  }

  /** Reads its definition. One GET. Errors of note: `not-found`. */
  read(options: CallOptions = {}): Promise<CosmosResponse<DatabaseDefinition>> {
    return this.#connection.execute({ tag: 'read-database', val: this.id }, options);
  }

  /** Deletes it with everything in it. One DELETE. */
  delete(options: CallOptions = {}): Promise<CosmosResponse<never>> {
    return this.#connection.execute({ tag: 'delete-database', val: this.id }, options);
  }

  /** Reads the throughput that its containers share, or sets it. Errors of note: `not-found` if there is none. */
  throughput(to?: Throughput, options: CallOptions = {}): Promise<CosmosResponse> {
    const val = { database: this.id, container: undefined, throughput: throughput(to) };
    return this.#connection.execute({ tag: 'manage-throughput', val }, options);
  }
}

/** A fault rule: what is absent means no more than it says. */
export type Fault = Partial<Omit<FaultRule, 'id' | 'condition'>> & { id: string; condition?: FaultCondition | undefined };

/** Rules that make requests fail. */
export class Faults {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds a rule for requests that begin later. At most 64. Errors: `invalid-argument` for an id that is taken. */
  add(fault: Fault): void {
    this.#connection.addFault({ delayMs: 0, enabled: true, ...fault, condition: fault.condition ?? {} });
  }

  /** How often a rule has acted; undefined if there is none of this id. */
  hits(id: string): number | undefined {
    return this.#connection.faultHits(id);
  }

  /** Takes a rule away; false if there is none of this id. */
  remove(id: string): boolean {
    return this.#connection.removeFault(id);
  }
}
