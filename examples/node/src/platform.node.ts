// What Node has and browsers do not: connections that are kept, errors that say what happened, files.

import { readFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';

import { MAX_BODY, tooLarge, type HttpRequest, type HttpResponse, type Transport } from './transport.js';

/** Response headers may hold a session token and a continuation of 16 KB each. */
const MAX_HEADERS = 256 << 10;

/** Reads the component that lies beside this file. */
export const component = (): Promise<BufferSource> => readFile(new URL('driver.wasm', import.meta.url));

/** What buffers can do with all bytes, at a third of the cost of the codecs. */
const { latin1Slice, latin1Write, utf8Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
  latin1Write(this: Uint8Array, text: string, at: number): void;
  utf8Slice(this: Uint8Array, from: number, to: number): string;
};

/** The text of a part of `bytes` that is UTF-8. */
export const readText = (bytes: Uint8Array, from: number, to: number): string => utf8Slice.call(bytes, from, to);

/** A text with a letter for each byte. */
export const readLatin = (bytes: Uint8Array, from: number, to: number): string => latin1Slice.call(bytes, from, to);

/** Writes a byte for each letter. */
export const writeLatin = (bytes: Uint8Array, text: string, at: number): void => latin1Write.call(bytes, text, at);

/** Calls back when what has arrived by now has been read: its answers are dealt with together. */
export const soon = (callback: () => void): void => void setImmediate(callback);

/** The transport where none is given: a fourth of the cost of Node's `fetch`. */
export function defaultTransport(): { transport: Transport; close(): void } {
  const agents = { 'http:': new http.Agent(AGENT), 'https:': new https.Agent(AGENT) };
  return {
    transport: nodeTransport(agents),
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

const AGENT = { keepAlive: true, scheduling: 'lifo' } as const;

/** A transport over `node:http` and `node:https`, with agents of one's own: proxies, certificates, limits. */
export function nodeTransport(agents: { 'http:': http.Agent; 'https:': https.Agent }): Transport {
  const hosts = new Map<string, { protocol: 'http:' | 'https:'; hostname: string; port: string }>();
  const host = (origin: string) => {
    let known = hosts.get(origin);
    if (!known) {
      const { protocol, hostname, port } = new URL(origin);
      known = { protocol: protocol as 'http:' | 'https:', hostname: hostname.replace(/^\[|\]$/g, ''), port };
      // An account has some dozens of endpoints.
      if (hosts.size < 256) hosts.set(origin, known);
    }
    return known;
  };
  return (request) => new Promise((resolve, reject) => {
    const { protocol, hostname, port } = host(request.origin);
    const { request: open } = protocol === 'https:' ? https : http;
    const sent = open({
      agent: agents[protocol], hostname, port, path: request.path, method: request.method,
      headers: complete(request), maxHeaderSize: MAX_HEADERS,
    });
    request.onAbandon(() => sent.destroy());
    sent.on('error', reject);
    sent.on('response', (answer) => read(answer, resolve));
    if (request.connectTimeoutMs) limitConnecting(sent, request.connectTimeoutMs);
    sent.end(request.body);
  });
}

/** Node adds nothing to headers in a list, and takes them as they are. */
function complete({ headers, origin, body }: HttpRequest): string[] {
  const own = ['host', origin.slice(origin.indexOf('//') + 2)];
  if (body && !headers.includes('content-length')) own.push('content-length', String(body.length));
  return headers.concat(own);
}

function read(answer: http.IncomingMessage, resolve: (response: HttpResponse) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const done = (failure?: unknown): void => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    resolve({ status: answer.statusCode ?? 0, headers: answer.rawHeaders, body, failure });
  };
  answer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY) answer.destroy(tooLarge());
  });
  answer.on('end', () => done());
  answer.on('error', done);
}

/** The driver may repeat what was not sent: so this must be told from a slow answer. */
function limitConnecting(sent: http.ClientRequest, milliseconds: number): void {
  sent.on('socket', (socket) => {
    if (!socket.connecting) return;
    const tooLong = Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => sent.destroy(tooLong), milliseconds);
    const stop = (): void => clearTimeout(timer);
    socket.once('connect', stop).once('close', stop);
  });
}
