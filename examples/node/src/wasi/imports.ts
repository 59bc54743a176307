// What the component imports, on the level of the canonical ABI: numbers and addresses.

import type { Memory } from '../abi/memory.js';
import type { HttpResponse, Transport } from '../transport.js';
import { BodyStream, Exchange, lowerErrorCode, milliseconds, Request } from './http.js';
import { Clock, now, type Pollable } from './poll.js';

/** What the guest holds, by small numbers. */
class Table {
  readonly #things: unknown[] = [undefined];
  readonly #free: number[] = [];

  add(thing: unknown): number {
    const place = this.#free.pop() ?? this.#things.length;
    this.#things[place] = thing;
    return place;
  }

  get<T>(place: number): T {
    return this.#things[place] as T;
  }

  remove<T>(place: number): T {
    const thing = this.#things[place] as T;
    this.#things[place] = undefined;
    this.#free.push(place);
    return thing;
  }
}

/** What the tasks of an instance have to know of its imports. */
export interface Host {
  /** The guest's memory as it is now. */
  readonly memory: Memory;
  /** Sets the tasks going: something is ready. */
  wake(): void;
  /** Whether the guest was told that something is ready since this was set to false. */
  hasNews: boolean;
  transport: Transport;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];
const SCHEMES = ['http:', 'https:'];

/** A guest may write as much as it likes: it is buffered. */
const ANY_AMOUNT = 1 << 30;

/** The imports of one instance, and its clock. */
export function imports(host: Host): { modules: WebAssembly.Imports; clock: Clock } {
  const table = new Table();
  const clock = new Clock(() => host.wake());
  const http = { ...fields(host, table), ...requests(host, table), ...responses(host, table) };
  const drop = (handle: number): void => void table.remove(handle);
  const dropPollable = (handle: number): void => table.remove<Pollable>(handle).drop?.();
  const modules: Record<string, WebAssembly.ModuleImports> = {
    'wasi:io/poll': { ...polls(host, table), '[resource-drop]pollable': dropPollable },
    'wasi:io/error': { '[resource-drop]error': drop },
    'wasi:io/streams': {
      ...streams(host, table),
      '[resource-drop]output-stream': drop,
      '[resource-drop]input-stream': drop,
    },
    'wasi:clocks/monotonic-clock': {
      now: () => BigInt(now()),
      'subscribe-instant': (at: bigint) => table.add(clock.at(Number(BigInt.asUintN(64, at)))),
      'subscribe-duration': (nanos: bigint) => table.add(clock.at(nanos ? now() + Number(BigInt.asUintN(64, nanos)) : 0)),
    },
    'wasi:clocks/wall-clock': {
      now(at: number) {
        const time = Date.now();
        host.memory.setU64(at, Math.floor(time / 1000));
        host.memory.setU32(at + 8, (time % 1000) * 1_000_000);
      },
    },
    'wasi:random/random': { 'get-random-u64': random() },
    'wasi:http/types': {
      ...http,
      ...Object.fromEntries(HTTP_RESOURCES.map((name) => [`[resource-drop]${name}`, drop])),
      '[resource-drop]future-incoming-response': (handle: number) => table.remove<Exchange>(handle).abandon(),
    },
    'wasi:http/outgoing-handler': { handle: handler(host, table) },
  };
  return { modules, clock };
}

const HTTP_RESOURCES = [
  'fields', 'outgoing-request', 'outgoing-body', 'request-options', 'incoming-response', 'incoming-body',
];

/** Imports are looked up without their version: hosts match any 0.2. */
export const withoutVersion = (module: string): string => module.replace(/@[\d.]+$/, '');

function random(): () => bigint {
  const numbers = new BigUint64Array(64);
  let left = 0;
  return () => {
    if (!left) {
      crypto.getRandomValues(numbers);
      left = numbers.length;
    }
    // Each only once.
    const number = numbers[--left]!;
    numbers[left] = 0n;
    return number;
  };
}

function polls(host: Host, table: Table): WebAssembly.ModuleImports {
  const blocked = (): never => {
    throw new Error('the driver wants to block: only tasks can be called here');
  };
  return {
    '[method]pollable.ready'(handle: number) {
      const ready = table.get<Pollable>(handle).ready();
      host.hasNews ||= ready;
      return ready ? 1 : 0;
    },
    '[method]pollable.block': blocked,
    poll(list: number, length: number, result: number) {
      const { memory: m } = host;
      const ready: number[] = [];
      for (let i = 0; i < length; i++) {
        if (table.get<Pollable>(m.u32(list + i * 4)).ready()) ready.push(i);
      }
      if (!ready.length) blocked();
      // The last one is due at once, so that the call does not block: it says nothing.
      host.hasNews ||= ready[0] !== length - 1;
      m.setList(result, ready, 4, 4, (index, at) => m.setU32(at, index));
    },
  };
}

function fields(host: Host, table: Table): WebAssembly.ModuleImports {
  return {
    '[static]fields.from-list'(list: number, length: number, result: number) {
      const { memory: m } = host;
      const headers: string[] = [];
      for (let at = list; at < list + length * 16; at += 16) {
        headers.push(m.latin(m.u32(at), m.u32(at + 4)), m.latin(m.u32(at + 8), m.u32(at + 12)));
      }
      m.setU8(result, 0);
      m.setU32(result + 4, table.add(headers));
    },
    '[method]fields.entries'(handle: number, result: number) {
      const { memory: m } = host;
      const headers = table.get<string[]>(handle);
      const places = Array.from({ length: headers.length / 2 }, (_, i) => i * 2);
      m.setList(result, places, 16, 4, (place, at) => {
        m.setLatin(at, headers[place]!.toLowerCase());
        m.setLatin(at + 8, headers[place + 1]!);
      });
    },
  };
}

function requests(host: Host, table: Table): WebAssembly.ModuleImports {
  const set = (handle: number, change: (request: Request) => void): number => {
    change(table.get<Request>(handle));
    return 0;
  };
  return {
    '[constructor]outgoing-request': (headers: number) => table.add(new Request(table.remove(headers))),
    '[method]outgoing-request.set-method': (handle: number, which: number, at: number, length: number) =>
      set(handle, (request) => (request.method = METHODS[which] ?? host.memory.slice(at, length))),
    '[method]outgoing-request.set-scheme': (handle: number, some: number, which: number) =>
      set(handle, (request) => (request.scheme = (some && SCHEMES[which]) || 'https:')),
    '[method]outgoing-request.set-authority': (handle: number, _some: number, at: number, length: number) =>
      set(handle, (request) => (request.authority = host.memory.slice(at, length))),
    '[method]outgoing-request.set-path-with-query': (handle: number, _some: number, at: number, length: number) =>
      set(handle, (request) => (request.path = host.memory.slice(at, length))),
    '[method]outgoing-request.body'(handle: number, result: number) {
      const request = table.get<Request>(handle);
      request.hasBody = true;
      host.memory.setU8(result, 0);
      host.memory.setU32(result + 4, table.add(request));
    },
    '[method]outgoing-body.write'(handle: number, result: number) {
      host.memory.setU8(result, 0);
      host.memory.setU32(result + 4, table.add(table.get(handle)));
    },
    '[static]outgoing-body.finish'(handle: number, _some: number, _trailers: number, result: number) {
      table.remove<Request>(handle).finish();
      host.memory.setU8(result, 0);
    },
    '[constructor]request-options': () => table.add({}),
    '[method]request-options.set-connect-timeout'(handle: number, some: number, nanos: bigint) {
      table.get<{ connect?: number }>(handle).connect = some ? milliseconds(nanos) : 0;
      return 0;
    },
    // The driver's own clock sees to it.
    '[method]request-options.set-first-byte-timeout': () => 0,
  };
}

function handler(host: Host, table: Table) {
  return (handle: number, some: number, options: number, result: number): void => {
    const request = table.remove<Request>(handle);
    const limits = some ? table.remove<{ connect?: number }>(options) : {};
    const exchange = new Exchange(request, limits.connect, host.transport, () => host.wake());
    host.memory.setU8(result, 0);
    host.memory.setU32(result + 8, table.add(exchange));
  };
}

function responses(host: Host, table: Table): WebAssembly.ModuleImports {
  const give = (result: number, thing: unknown): void => {
    host.memory.setU8(result, 0);
    host.memory.setU32(result + 4, table.add(thing));
  };
  return {
    '[method]future-incoming-response.subscribe': (handle: number) => table.add(pollable(table.get<Exchange>(handle))),
    '[method]future-incoming-response.get'(handle: number, result: number) {
      const { memory: m } = host;
      const exchange = table.get<Exchange>(handle);
      m.setU8(result, exchange.ready() ? 1 : 0);
      if (!exchange.ready()) return;
      m.setU8(result + 8, 0);
      m.setU8(result + 16, exchange.response ? 0 : 1);
      if (exchange.response) m.setU32(result + 24, table.add(exchange.response));
      else lowerErrorCode(m, result + 24, exchange.error);
    },
    '[method]incoming-response.status': (handle: number) => table.get<HttpResponse>(handle).status,
    '[method]incoming-response.headers': (handle: number) => table.add(table.get<HttpResponse>(handle).headers),
    '[method]incoming-response.consume': (handle: number, result: number) => give(result, table.get(handle)),
    '[method]incoming-body.stream': (handle: number, result: number) =>
      give(result, new BodyStream(table.get<HttpResponse>(handle))),
    'http-error-code'(handle: number, result: number) {
      host.memory.setU8(result, 1);
      lowerErrorCode(host.memory, result + 8, table.get(handle));
    },
  };
}

/** Dropping the pollable leaves the exchange alone. */
const pollable = (exchange: Exchange): Pollable => ({ ready: () => exchange.ready() });

function streams(host: Host, table: Table): WebAssembly.ModuleImports {
  return {
    '[method]input-stream.subscribe': (handle: number) => table.add(table.get<BodyStream>(handle).subscribe()),
    '[method]input-stream.read'(handle: number, most: bigint, result: number) {
      const { memory: m } = host;
      const stream = table.get<BodyStream>(handle);
      const chunk = stream.take(Number(most));
      m.setU8(result, chunk ? 0 : 1);
      if (chunk) return m.setBytes(result + 4, chunk);
      m.setU8(result + 4, stream.failure === undefined ? 1 : 0);
      if (stream.failure !== undefined) m.setU32(result + 8, table.add(stream.failure));
    },
    '[method]output-stream.check-write'(_handle: number, result: number) {
      host.memory.setU8(result, 0);
      host.memory.setU64(result + 8, ANY_AMOUNT);
    },
    '[method]output-stream.subscribe': () => table.add({ ready: () => true }),
    '[method]output-stream.write'(handle: number, at: number, length: number, result: number) {
      table.get<Request>(handle).write(host.memory.copy(at, length));
      host.memory.setU8(result, 0);
    },
  };
}
