// A connection to an account: every call leaves a trace of what was sent.

import { CosmosClient, CosmosError, fetchTransport, type ClientOptions, type contract, type Feed, type Transport } from '@cosmosdb-driver/js';

/** One operation that was carried out. */
export interface Trace {
  /** For example `shop / orders`. */
  target: string;
  /** 0 if there was no answer. */
  status: number;
  failed: boolean;
  diagnostics: contract.Diagnostics;
  timings: Timing[];
}

/** When a request was under way, in milliseconds on the page's clock. */
export interface Timing {
  origin: string;
  begin: number;
  end: number;
}

/** What answers and pages have in common. */
interface Answer {
  status: number;
  diagnostics: contract.Diagnostics;
}

/** Requests whose times are remembered. */
const MOST_TIMINGS = 512;

/** An account that somebody is connected to. The credential is in the driver's memory, and nowhere else. */
export class Session {
  readonly client: CosmosClient;
  readonly account: string;
  readonly #timings: Map<string, Timing[]>;
  readonly #onTrace: (trace: Trace) => void;

  /** Loads the driver. Sends nothing. Errors: `CosmosError`. */
  static async open(options: ClientOptions & { endpoint: string }, onTrace: (trace: Trace) => void): Promise<Session> {
    const timings = new Map<string, Timing[]>();
    const client = await CosmosClient.open({ ...options, transport: timed(timings) });
    return new Session(client, new URL(options.endpoint).host, timings, onTrace);
  }

  private constructor(client: CosmosClient, account: string, timings: Map<string, Timing[]>, onTrace: (trace: Trace) => void) {
    this.client = client;
    this.account = account;
    this.#timings = timings;
    this.#onTrace = onTrace;
  }

  /** Carries out a call. */
  async run<T extends Answer | undefined>(target: string, call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      if (answer) this.#trace(target, answer.status, false, answer.diagnostics);
      return answer;
    } catch (error) {
      if (error instanceof CosmosError && error.diagnostics) this.#trace(target, error.status ?? 0, true, error.diagnostics);
      throw error;
    }
  }

  /** All rows of a feed. */
  async all<T>(target: string, feed: Feed<T>): Promise<T[]> {
    const rows: T[] = [];
    for (;;) {
      const page = await this.run(target, () => feed.nextPage());
      if (!page) return rows;
      rows.push(...page.items);
    }
  }

  close(): void {
    this.client.close();
  }

  #trace(target: string, status: number, failed: boolean, diagnostics: contract.Diagnostics): void {
    const timings = this.#timings.get(diagnostics.activityId) ?? [];
    this.#onTrace({ target, status, failed, diagnostics, timings });
  }
}

/** Notes when requests begin and end: the driver's record tells how long each took, but not when it began. */
function timed(timings: Map<string, Timing[]>): Transport {
  const send = fetchTransport();
  return async (request) => {
    const at = request.headers.indexOf('x-ms-activity-id');
    const timing = { origin: request.origin, begin: performance.now(), end: Infinity };
    const id = request.headers[at + 1] ?? '';
    const known = timings.get(id);
    if (known) known.push(timing);
    else timings.set(id, [timing]);
    const oldest = timings.keys().next().value;
    if (timings.size > MOST_TIMINGS && oldest !== undefined) timings.delete(oldest);
    try {
      return await send(request);
    } finally {
      timing.end = performance.now();
    }
  };
}
