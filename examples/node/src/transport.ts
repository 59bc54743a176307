// How requests leave: a function that a host may replace.

/** A request as the driver sends it: complete, signed, with its body. */
export interface HttpRequest {
  method: string;
  /** `http://` or `https://`, host and port. */
  origin: string;
  /** With the query string, escaped. */
  path: string;
  /** Names and values, one after the other. Values hold a byte in each letter. */
  headers: string[];
  body: Uint8Array<ArrayBuffer> | undefined;
  /** How long to wait for a connection, in milliseconds. The driver's own clock ends requests that take too long. */
  connectTimeoutMs: number | undefined;
  /** Fires when nobody waits for the answer any more. Made when it is first asked for. */
  readonly signal: AbortSignal;
  /** The same for one listener, which costs less. */
  onAbandon(listener: () => void): void;
}

/** An answer, read to its end. */
export interface HttpResponse {
  status: number;
  /** Names and values, one after the other. */
  headers: string[];
  body: Uint8Array;
  /** Why the body is not complete, if it is not. */
  failure?: unknown;
}

/** Sends a request and reads its answer to the end. Follows no redirects, adds no credentials, uses no cache.
 * Errors: see `failureOf`. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** Answers beyond this are not kept: the driver takes none that large. */
export const MAX_BODY = 33 << 20;

/** What went wrong, in the words of `wasi:http`. The driver repeats a request if it certainly was not sent. */
export type Failure =
  | 'DNS-error' | 'connection-refused' | 'connection-terminated' | 'connection-timeout' | 'destination-unavailable'
  | 'TLS-certificate-error' | 'TLS-protocol-error' | 'HTTP-request-denied' | 'HTTP-protocol-error'
  | 'HTTP-response-body-size' | 'internal-error';

/** By the codes of Node's errors. Browsers tell nothing: `internal-error`. */
const FAILURES: Record<string, Failure> = {
  ENOTFOUND: 'DNS-error',
  EAI_AGAIN: 'DNS-error',
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'destination-unavailable',
  ENETUNREACH: 'destination-unavailable',
  EADDRNOTAVAIL: 'destination-unavailable',
  ETIMEDOUT: 'connection-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connection-timeout',
  ECONNRESET: 'connection-terminated',
  EPIPE: 'connection-terminated',
  UND_ERR_SOCKET: 'connection-terminated',
  EPROTO: 'TLS-protocol-error',
  EMSGSIZE: 'HTTP-response-body-size',
};

/** What an error of a transport says. */
export function failureOf(error: unknown): { failure: Failure; text: string } {
  const inner = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown[] };
  for (const one of [inner, inner?.cause, inner?.errors?.[0]] as { code?: unknown; message?: unknown }[]) {
    const code = typeof one?.code === 'string' ? one.code : '';
    const known = FAILURES[code] ?? byKind(code);
    if (known) return { failure: known, text: code };
  }
  const text = typeof inner?.message === 'string' ? inner.message : 'the transport failed';
  return { failure: 'internal-error', text };
}

function byKind(code: string): Failure | undefined {
  if (code.startsWith('HPE_')) return 'HTTP-protocol-error';
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) return 'TLS-certificate-error';
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'TLS-protocol-error';
  return undefined;
}

/** Too large: with a code that `failureOf` knows. */
export const tooLarge = (): Error => Object.assign(new Error('the answer is too large'), { code: 'EMSGSIZE' });

/** A transport over a `fetch`. Without an argument: the host's own. */
export function fetchTransport(send: typeof fetch = (...call) => fetch(...call)): Transport {
  return async ({ method, origin, path, headers: flat, body, signal }) => {
    const headers: [string, string][] = [];
    for (let i = 0; i < flat.length; i += 2) headers.push([flat[i]!, flat[i + 1]!]);
    const answer = await send(origin + path, {
      method, headers, body: body ?? null, signal, redirect: 'manual', credentials: 'omit', cache: 'no-store',
    });
    const response: HttpResponse = { status: answer.status, headers: [...answer.headers].flat(), body: new Uint8Array() };
    try {
      response.body = new Uint8Array(await answer.arrayBuffer());
    } catch (failure) {
      response.failure = failure;
    }
    return response;
  };
}
