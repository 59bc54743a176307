// Answers.

import type { BatchResult, Diagnostics, DriverResponse, OperationFailure, ResponseHeaders } from '../generated/abi.js';

const decoder = new TextDecoder();

function parse<T>(body: Uint8Array): T {
  if (!body.length) throw new TypeError('the answer has no body: writes have one only with `contentResponseOnWrite: true`');
  return JSON.parse(decoder.decode(body)) as T;
}

/** The answer to a successful operation. */
export class CosmosResponse<T = unknown> {
  /** 200, 201, 204, or 304 for a conditional read of an unchanged item; 207 if operations of a bulk failed. */
  readonly status: number;
  /** The body, byte for byte. Empty for deletes, 304, and writes without `contentResponseOnWrite`. */
  readonly body: Uint8Array;
  /** The headers that the driver understands, and all others as pairs. */
  readonly headers: ResponseHeaders;
  /** What happened on the wire. */
  readonly diagnostics: Diagnostics;

  /** @internal */
  constructor(response: DriverResponse) {
    this.status = response.status;
    this.body = response.body as Uint8Array;
    this.headers = response.headers;
    this.diagnostics = response.diagnostics;
  }

  /** The request units that all attempts have cost. */
  get requestCharge(): number {
    return this.diagnostics.requestCharge;
  }

  /** Sent with every attempt; quote it in a support request. */
  get activityId(): string {
    return this.diagnostics.activityId;
  }

  /** Pass it to a later operation, of another client too, to read your own writes. */
  get sessionToken(): string | undefined {
    return this.headers.sessionToken;
  }

  /** With its quotes: for `ifMatch` and `ifNoneMatch`. */
  get etag(): string | undefined {
    return this.headers.etag;
  }

  /** The body as what it says. Parsed on each call. Errors: `TypeError` if there is none. */
  json<U = T>(): U {
    return parse(this.body);
  }
}

/** What one operation of a batch or bulk came to. */
export class OperationResult {
  /** 200, 201, 204, 304, or that of the failure; 0 if there is none. */
  readonly status: number;
  /** In RU; 0 if the service does not say. */
  readonly requestCharge: number;
  /** With its quotes. */
  readonly etag: string | undefined;
  /** The item, byte for byte. Empty for deletes, failures, and writes without `contentResponseOnWrite`. */
  readonly body: Uint8Array;
  /** Why it failed. Only in a bulk: of a batch all operations succeed, or the call fails. */
  readonly failure: OperationFailure | undefined;

  /** @internal */
  constructor(result: BatchResult) {
    this.status = result.status;
    this.requestCharge = result.requestCharge;
    this.etag = result.etag;
    this.body = result.body as Uint8Array;
    this.failure = result.failure;
  }

  /** The item. Errors: `TypeError` if there is none. */
  json<U = unknown>(): U {
    return parse(this.body);
  }
}

/** The answer to a batch or a bulk. */
export class BatchResponse extends CosmosResponse<never> {
  /** One for each operation, in their order. */
  readonly results: OperationResult[];

  /** @internal */
  constructor(response: DriverResponse) {
    super(response);
    this.results = response.results.map((result) => new OperationResult(result));
  }
}

/** A page of a feed. */
export class Page<T = unknown> extends CosmosResponse<never> {
  #items: T[] | undefined;

  /** The rows. Parsed when they are asked for; the bytes of all of them are in `body`. */
  get items(): T[] {
    if (!this.#items) {
      // The name of the array depends on what is listed; other properties mean nothing.
      const parts = this.body.length ? Object.values(parse<Record<string, unknown>>(this.body)) : [];
      this.#items = (parts.find(Array.isArray) as T[] | undefined) ?? [];
    }
    return this.#items;
  }
}
