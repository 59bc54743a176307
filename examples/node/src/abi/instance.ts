// One instance of the component: its memory, its exports, and promises for its tasks.

import { component, defaultTransport, soon } from '#platform';

import { bind, type DriverError, type DriverResponse, type Result, type TaskId } from '../../generated/abi.js';
import { broken, type CosmosError } from '../errors.js';
import type { Transport } from '../transport.js';
import { imports, withoutVersion, type Host } from '../wasi/imports.js';
import type { Clock } from '../wasi/poll.js';
import { Memory } from './memory.js';

type Outcome = Result<DriverResponse, DriverError>;
type Waiting = { resolve(outcome: Outcome): void; reject(error: unknown): void };

/** What an instance is made of. */
export interface InstanceOptions {
  /** The component's core module, where it cannot be loaded from beside this package: in workers, or bundled. */
  module?: WebAssembly.Module | BufferSource | undefined;
  /** How requests leave. Default: connections that are kept in Node, `fetch` elsewhere. */
  transport?: Transport | undefined;
}

/** Compiled once for all clients. */
let compiled: Promise<WebAssembly.Module> | undefined;

async function load(given: InstanceOptions['module']): Promise<WebAssembly.Module> {
  if (given instanceof WebAssembly.Module) return given;
  if (given) return WebAssembly.compile(given);
  compiled ??= component().then((bytes) => WebAssembly.compile(bytes));
  return compiled.catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
}

/** An instance that runs any number of tasks at once. Nothing runs between two events of its host. */
export class Instance {
  readonly driver: ReturnType<typeof bind>;
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #close: () => void;
  readonly #waiting = new Map<TaskId, Waiting>();
  #isScheduled = false;
  /** Whether there are tasks that no step has seen. */
  #isFresh = false;
  #isClosing = false;
  /** Why the instance cannot be used any more. */
  #failure: CosmosError | undefined;

  static async create(options: InstanceOptions): Promise<Instance> {
    const module = await load(options.module);
    const platform = options.transport ? { transport: options.transport, close() {} } : defaultTransport();
    return new Instance(module, platform);
  }

  private constructor(module: WebAssembly.Module, platform: { transport: Transport; close(): void }) {
    this.#close = platform.close;
    let memory: Memory;
    const host: Host = {
      get memory() {
        return memory.current();
      },
      wake: () => this.#schedule(soon),
      hasNews: false,
      transport: platform.transport,
    };
    const { modules, clock } = imports(host);
    const own = resources();
    const instance = new WebAssembly.Instance(module, linked(module, (name) => modules[withoutVersion(name)] ?? own));
    own.link(instance.exports);
    memory = new Memory(instance.exports);
    this.#host = host;
    this.#clock = clock;
    this.driver = bind(memory);
  }

  /** The outcome of a task that `begin` submits. Aborting `signal` cancels it. */
  run(begin: () => TaskId, signal?: AbortSignal): Promise<Outcome> {
    if (this.#failure) return Promise.reject(this.#failure);
    let task: TaskId;
    try {
      task = begin();
    } catch (error) {
      // A trap ends the instance; wrong arguments do not.
      if (error instanceof WebAssembly.RuntimeError) return Promise.reject(this.#fail(error));
      return Promise.reject(error);
    }
    if (!this.#waiting.size) this.#clock.keepAlive(true);
    let waiting: Waiting | undefined;
    const promise = new Promise<Outcome>((resolve, reject) => {
      waiting = { resolve, reject };
      this.#waiting.set(task, waiting);
    });
    this.#isFresh = true;
    this.#schedule();
    if (!signal) return promise;
    const cancel = (): void => {
      // The number may name another task by now.
      if (this.#waiting.get(task) !== waiting) return;
      this.driver.cancel(task);
      this.#schedule();
    };
    signal.addEventListener('abort', cancel, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', cancel));
  }

  /** Lets connections go once nothing is under way. */
  close(): void {
    if (this.#waiting.size) this.#isClosing = true;
    else this.#close();
  }

  /** Lets go of a handle. */
  drop(resource: 'driver' | 'feed' | 'runtime', handle: number): void {
    if (!this.#failure) this.#host.memory.exports[`cosmosdb:driver/driver@0.1.0#[dtor]${resource}`]?.(handle);
  }

  /** Tasks that begin together are stepped together, and so are those whose answers arrive together. */
  #schedule(when: (callback: () => void) => void = queueMicrotask): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    when(() => {
      this.#isScheduled = false;
      if (this.#failure || !this.#waiting.size) return;
      try {
        this.#turn();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Steps until nothing is ready any more. A step that ran tasks needs another one, for what they wait for now. */
  #turn(): void {
    const host = this.#host;
    let again = true;
    while (again) {
      host.hasNews = false;
      const news = this.driver.step();
      for (const task of news) this.#settle(task);
      again = host.hasNews || this.#isFresh;
      this.#isFresh = false;
    }
  }

  #settle(task: TaskId): void {
    const waiting = this.#waiting.get(task);
    const outcome = this.driver.take(task);
    if (!waiting || !outcome) return;
    this.#waiting.delete(task);
    waiting.resolve(outcome);
    if (this.#waiting.size) return;
    this.#clock.keepAlive(false);
    if (this.#isClosing) this.#close();
  }

  #fail(cause: unknown): CosmosError {
    const failure = broken(cause);
    const waiting = [...this.#waiting.values()];
    this.#failure = failure;
    this.#waiting.clear();
    this.#clock.keepAlive(false);
    for (const one of waiting) one.reject(failure);
    return failure;
  }
}

/** The component's own resources: a handle is what the guest knows it by. */
function resources(): WebAssembly.ModuleImports & { link(exports: WebAssembly.Exports): void } {
  let exports: WebAssembly.Exports = {};
  const drop = (name: string) => (handle: number) =>
    (exports[`cosmosdb:driver/driver@0.1.0#[dtor]${name}`] as (handle: number) => void)(handle);
  const own: Record<string, Function> = { link: (linked: WebAssembly.Exports) => (exports = linked) };
  for (const name of ['runtime', 'driver', 'feed']) {
    own[`[resource-new]${name}`] = (representation: number) => representation;
    own[`[resource-rep]${name}`] = (handle: number) => handle;
    own[`[resource-drop]${name}`] = drop(name);
  }
  return own as ReturnType<typeof resources>;
}

/** What a module asks for. An import that is not there would be a later version of the driver's. */
function linked(module: WebAssembly.Module, find: (name: string) => WebAssembly.ModuleImports): WebAssembly.Imports {
  const linked: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const value = find(from)[name];
    if (value === undefined) throw new Error(`the driver imports ${from} ${name}: this package is older than it`);
    (linked[from] ??= {})[name] = value;
  }
  return linked;
}
