// A driver of one account, with promises.

import type {
  Driver, DriverResponse, FaultRule, FeedOperation, Operation, Result, Rejection, Restored,
  SnapshotRefusal,
} from '../generated/abi.js';
import { Instance } from './abi/instance.js';
import { CosmosError, rejected } from './errors.js';
import { Feed } from './feed.js';
import { callOptions, config, feedOptions, runtimeConfig, type CallOptions, type ClientOptions, type FeedOptions } from './options.js';
import { CosmosResponse } from './response.js';

/** One instance with one driver in it. */
export class Connection {
  readonly #instance: Instance;
  readonly #driver: Driver;

  static async open(options: ClientOptions): Promise<Connection> {
    const [shared, own] = [runtimeConfig(options), config(options)];
    const instance = await Instance.create(options);
    const runtime = granted(instance.driver.runtimeCreate(shared));
    const driver = granted(instance.driver.runtimeOpen(runtime, own));
    instance.drop('runtime', runtime);
    return new Connection(instance, driver);
  }

  private constructor(instance: Instance, driver: Driver) {
    this.#instance = instance;
    this.#driver = driver;
  }

  /** The driver's own answer to an operation. */
  async run(operation: Operation, options: CallOptions): Promise<DriverResponse> {
    const { signal } = options;
    if (signal?.aborted) throw rejected({ kind: 'cancelled', message: 'the signal was aborted before the call' });
    const submit = () => this.#instance.driver.submit(this.#driver, operation, callOptions(options));
    const outcome = await this.#instance.run(submit, signal);
    if (outcome.tag === 'err') throw new CosmosError(outcome.val);
    return outcome.val;
  }

  async execute<T>(operation: Operation, options: CallOptions): Promise<CosmosResponse<T>> {
    return new CosmosResponse<T>(await this.run(operation, options));
  }

  feed<T>(operation: FeedOperation, options: FeedOptions): Feed<T> {
    const opened = this.#instance.driver.driverOpenFeed(this.#driver, operation, feedOptions(options), callOptions(options));
    return new Feed<T>(this.#instance, granted(opened), options.signal);
  }

  setToken(token: string): void {
    granted(this.#instance.driver.driverSetBearerToken(this.#driver, token));
  }

  snapshot(): Uint8Array {
    return this.#instance.driver.driverSnapshot(this.#driver) as Uint8Array;
  }

  restore(snapshot: Uint8Array): Restored | SnapshotRefusal {
    return this.#instance.driver.driverRestore(this.#driver, snapshot).val;
  }

  addFault(rule: FaultRule): void {
    granted(this.#instance.driver.driverAddFault(this.#driver, rule));
  }

  removeFault(id: string): boolean {
    return this.#instance.driver.driverRemoveFault(this.#driver, id);
  }

  faultHits(id: string): number | undefined {
    return this.#instance.driver.driverFaultHits(this.#driver, id);
  }

  close(): void {
    this.#instance.driver.driverClose(this.#driver);
    this.#instance.close();
  }
}

function granted<T>(result: Result<T, Rejection>): T {
  if (result.tag === 'err') throw rejected(result.val);
  return result.val;
}
