// What has many answers.

import type { Feed as Handle } from '../generated/abi.js';
import type { Instance } from './abi/instance.js';
import { CosmosError, rejected } from './errors.js';
import { Page } from './response.js';

/** Feeds that nobody closed go with their objects. */
const forgotten = new FinalizationRegistry(({ instance, handle }: { instance: Instance; handle: Handle }) =>
  instance.drop('feed', handle),
);

/**
 * The pages of a query, a list or a change feed. Opening it sends nothing, and nothing is sent between two pages.
 *
 * ```ts
 * for await (const item of feed) …             // all rows
 * for await (const page of feed.pages()) …     // page by page: charge, diagnostics, continuation
 * const page = await feed.nextPage();          // one page; undefined after the last one
 * ```
 *
 * Leaving a loop early leaves the feed where it stands: another loop goes on there.
 */
export class Feed<T = unknown> implements AsyncIterable<T> {
  readonly #instance: Instance;
  readonly #handle: Handle;
  readonly #signal: AbortSignal | undefined;
  #isClosed = false;

  /** @internal */
  constructor(instance: Instance, handle: Handle, signal: AbortSignal | undefined) {
    this.#instance = instance;
    this.#handle = handle;
    this.#signal = signal;
    forgotten.register(this, { instance, handle }, this);
  }

  /**
   * The next page, of which there may be some without rows; undefined after the last one. A change feed has no last one: a
   * page with status 304 says that there is nothing new. After an error the next call goes on where the feed stands.
   */
  async nextPage(): Promise<Page<T> | undefined> {
    if (this.#isClosed) throw rejected({ kind: 'closed', message: 'the feed was closed' });
    if (this.#signal?.aborted) throw rejected({ kind: 'cancelled', message: 'the signal was aborted before the call' });
    const outcome = await this.#instance.run(() => this.#instance.driver.submitPage(this.#handle), this.#signal);
    if (outcome.tag === 'err') throw new CosmosError(outcome.val);
    return outcome.val.status === 204 ? undefined : new Page<T>(outcome.val);
  }

  /** The pages from where the feed stands to its end. Those of a change feed until there is nothing new: the page that says
   * so is the last one, and the next loop asks again. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for (let page = await this.nextPage(); page; page = await this.nextPage()) {
      yield page;
      if (page.status === 304) return;
    }
  }

  /** The rows of all [`pages`](Feed.pages). */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** All rows that are left, in one array. */
  async toArray(): Promise<T[]> {
    const rows: T[] = [];
    for await (const page of this.pages()) rows.push(...page.items);
    return rows;
  }

  /**
   * Where the feed stands after the pages that were given: pass it as `continuation` to the same operation, in whatever
   * process, to go on there. Undefined at the end. Sends nothing. Errors: `not-resumable`.
   */
  continuation(): string | undefined {
    if (this.#isClosed) throw rejected({ kind: 'closed', message: 'the feed was closed' });
    const result = this.#instance.driver.feedContinuation(this.#handle);
    if (result.tag === 'err') throw rejected(result.val);
    return result.val;
  }

  /** Releases what the feed holds. Not necessary: a feed that nobody uses any more is released some time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    forgotten.unregister(this);
    this.#instance.drop('feed', this.#handle);
  }
}
