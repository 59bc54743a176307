// `wasi:http` and the streams of its bodies. Bodies are buffered whole: a request is sent when its body is complete, and
// its answer is reported when the last byte is there, so the guest is woken once.

import type { Memory } from '../abi/memory.js';
import { failureOf, type Failure, type HttpRequest, type HttpResponse, type Transport } from '../transport.js';
import { READY, type Pollable } from './poll.js';

/** Places of `error-code`'s cases. */
const CODES: Record<Failure, number> = {
  'DNS-error': 1, 'destination-unavailable': 3, 'connection-refused': 6, 'connection-terminated': 7,
  'connection-timeout': 8, 'TLS-protocol-error': 12, 'TLS-certificate-error': 13, 'HTTP-request-denied': 15,
  'HTTP-response-body-size': 28, 'HTTP-protocol-error': 35, 'internal-error': 38,
};

const NANOS = 1_000_000;

/** A request that is being put together. */
export class Request {
  method = 'GET';
  scheme = 'https:';
  authority = '';
  path = '/';
  readonly headers: string[];
  hasBody = false;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #send: (() => void) | undefined;
  #isComplete = false;

  constructor(headers: string[]) {
    this.headers = headers;
  }

  write(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk);
  }

  /** Nothing more will be written. */
  finish(): void {
    this.#isComplete = true;
    this.#send?.();
  }

  body(): Uint8Array<ArrayBuffer> | undefined {
    if (!this.hasBody) return undefined;
    const [first, ...more] = this.#chunks;
    if (first && !more.length) return first;
    const whole = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, end);
      end += chunk.length;
    }
    return whole;
  }

  /** Calls `send` as soon as there is a body, if there shall be one. */
  whenComplete(send: () => void): void {
    if (this.#isComplete || !this.hasBody) send();
    else this.#send = send;
  }
}

/** An answer that is on its way. */
export class Exchange implements Pollable {
  response: HttpResponse | undefined;
  error: unknown;
  #listener: (() => void) | undefined;
  #isDone = false;

  constructor(request: Request, connectTimeoutMs: number | undefined, transport: Transport, wake: () => void) {
    const done = (): void => {
      this.#isDone = true;
      wake();
    };
    request.whenComplete(() => {
      const whole = outgoing(request, connectTimeoutMs, (listener) => (this.#listener = listener));
      // Later: the guest is running, and a transport may call whatever it likes.
      Promise.resolve(whole).then(transport).then(
        (response) => {
          this.response = response;
          done();
        },
        (error: unknown) => {
          this.error = error;
          done();
        },
      );
    });
  }

  ready(): boolean {
    return this.#isDone;
  }

  /** Nobody waits any more. */
  abandon(): void {
    if (!this.#isDone) queueMicrotask(() => this.#listener?.());
  }
}

function outgoing(
  request: Request, connectTimeoutMs: number | undefined, onAbandon: (listener: () => void) => void,
): HttpRequest {
  const { method, headers, path } = request;
  let controller: AbortController | undefined;
  return {
    method, headers, path, connectTimeoutMs, onAbandon,
    origin: `${request.scheme}//${request.authority}`,
    body: request.body(),
    get signal() {
      controller ??= new AbortController();
      onAbandon(() => controller?.abort());
      return controller.signal;
    },
  };
}

/** Reads a body that is there already. */
export class BodyStream {
  #body: Uint8Array;
  readonly failure: unknown;

  constructor({ body, failure }: HttpResponse) {
    this.#body = body;
    this.failure = failure;
  }

  subscribe(): Pollable {
    return READY;
  }

  /** Up to so many bytes. None: it is at its end. */
  take(most: number): Uint8Array | undefined {
    if (!this.#body.length) return undefined;
    const chunk = this.#body.subarray(0, most);
    this.#body = this.#body.subarray(chunk.length);
    return chunk;
  }
}

/** Writes the `error-code` of a transport's error. */
export function lowerErrorCode(m: Memory, at: number, error: unknown): void {
  const { failure, text } = failureOf(error);
  m.setU8(at, CODES[failure]);
  // The payloads of all these begin with an option. Only an internal error says more.
  m.setU8(at + 8, 0);
  // That of `DNS-error` has a second one.
  m.setU8(at + 20, 0);
  if (failure === 'internal-error') {
    m.setU8(at + 8, 1);
    m.setText(at + 12, text);
  }
}

/** A duration of WASI in milliseconds. */
export const milliseconds = (nanos: bigint): number => Math.max(1, Math.round(Number(nanos) / NANOS));
