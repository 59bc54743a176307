// What callers may say, and what the driver is told.

import type {
  Config, Credential, FeedOptions as AbiFeedOptions, FeedScope, MetadataMode, OperationOptions, PartitionKey as AbiKey,
  Precondition, RuntimeConfig, Throughput as AbiThroughput,
} from '../generated/abi.js';
import type { InstanceOptions } from './abi/instance.js';

/** Options of one call, and defaults for many: what is absent falls through to the layer below. */
export interface DriverOptions extends Omit<OperationOptions, 'customHeaders'> {
  /** Headers to add. Those that the driver owns keep its value. */
  customHeaders?: Record<string, string> | [name: string, value: string][] | undefined;
}

/** Options of any call. */
export interface CallOptions extends DriverOptions {
  /** Aborting it ends the call with a `CosmosError` of the kind `cancelled`; its `outcome` says what is known. */
  signal?: AbortSignal | undefined;
}

/** Options of a call that may depend on an item's etag. */
export interface ConditionalOptions extends CallOptions {
  /** Do it only if the item still has this etag, quotes included; otherwise `precondition-failed`. */
  ifMatch?: string | undefined;
  /** Do it only if the item has another etag. A read of an unchanged item then has status 304 and no body. */
  ifNoneMatch?: string | undefined;
}

/** Options of a call about one item. */
export interface ItemOptions extends ConditionalOptions {
  /** The session token of an earlier response: the answer is at least as new as that. */
  sessionToken?: string | undefined;
}

/** Options of a feed: how it is read, and how each of its requests is made. */
export interface FeedOptions extends Partial<AbiFeedOptions>, CallOptions {}

/** Which items a feed is about. Neither: all of the container. */
export interface ScopeOptions extends FeedOptions {
  /** Those of one partition key value, or of the beginning of a hierarchical one. */
  key?: PartitionKey | undefined;
  /** Those of a feed range (`container.feedRanges()`). */
  range?: string | undefined;
}

/** A component of a partition key value. `undefined`: the item has no such property. */
export type KeyComponent = string | number | boolean | null | undefined;

/** A partition key value: its component, or up to three of them in an array. Of an item without the property:
 * `[undefined]`. */
export type PartitionKey = Exclude<KeyComponent, undefined> | KeyComponent[];

/** A document: what `JSON.stringify` takes, or its bytes, which are sent as they are. */
export type Document = object | Uint8Array;

/** RU per second: a fixed number, or the most that autoscale may use. */
export type Throughput = number | { autoscale: number };

/** An account, who signs, and how. Exactly one of `key`, `connectionString`, `resourceToken`, `token` and `unsigned`. */
export interface ClientOptions extends InstanceOptions, Partial<Omit<Config, 'credential' | 'defaults' | 'endpoint'>> {
  /** For example `https://my-account.documents.azure.com`. Absent with a connection string. */
  endpoint?: string | undefined;
  /** An account key, primary or secondary, in base64. */
  key?: string | undefined;
  /** As the Azure portal shows it. */
  connectionString?: string | undefined;
  /** A resource token that a trusted service issued. */
  resourceToken?: string | undefined;
  /** A Microsoft Entra access token; replace it with `client.setToken`. */
  token?: string | undefined;
  /** Requests leave unsigned: `transport` adds `authorization` and `x-ms-date`, and this process knows no key. */
  unsigned?: boolean | undefined;
  /** Options of all operations of this client. */
  defaults?: DriverOptions | undefined;
  /** Environment variables, such as `process.env`: those that begin with `AZURE_COSMOS_` count. Default: none. */
  environment?: Record<string, string | undefined> | undefined;
  /** Timeouts, diagnostics, throughput control groups, what the user agent says. */
  runtime?: Partial<Omit<RuntimeConfig, 'environment' | 'defaults'>> | undefined;
}

/** Begins the user agent, where a host lets one be set. */
const NAME = 'cosmosdb-driver-js/0.1.0';

const NONE: OperationOptions = { customHeaders: [] };

/** The driver's options. */
export function callOptions(given: DriverOptions | undefined): OperationOptions {
  if (!given) return NONE;
  const { customHeaders = [] } = given;
  return { ...given, customHeaders: Array.isArray(customHeaders) ? customHeaders : Object.entries(customHeaders) };
}

/** The driver's options of a feed. */
export const feedOptions = (given: FeedOptions): AbiFeedOptions => ({ ...given, resumable: given.resumable ?? false });

/** The condition of an operation. */
export function precondition({ ifMatch, ifNoneMatch }: ConditionalOptions): Precondition | undefined {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw new TypeError('either ifMatch or ifNoneMatch');
  if (ifMatch !== undefined) return { tag: 'if-match', val: ifMatch };
  return ifNoneMatch === undefined ? undefined : { tag: 'if-none-match', val: ifNoneMatch };
}

/** The driver's partition key. */
export function partitionKey(key: PartitionKey): AbiKey {
  return (Array.isArray(key) ? key : [key]).map((component): AbiKey[number] => {
    switch (typeof component) {
      case 'string': return { tag: 'text', val: component };
      case 'number': return { tag: 'number', val: component };
      case 'boolean': return { tag: 'boolean', val: component };
      // Forgotten keys must not become the key of items that have none.
      case 'undefined': if (Array.isArray(key)) return { tag: 'undefined' };
    }
    if (component === null) return { tag: 'null' };
    throw new TypeError('a partition key is a string, a number, a boolean, null, or an array of these');
  });
}

/** What a feed is about. */
export function scope({ key, range }: ScopeOptions): FeedScope {
  if (key !== undefined && range !== undefined) throw new TypeError('either key or range');
  if (range !== undefined) return { tag: 'range', val: range };
  return key === undefined ? { tag: 'container' } : { tag: 'key', val: partitionKey(key) };
}

/** The bytes of a document, or the text that they are made of. */
export function bytes(document: Document): Uint8Array | string {
  if (document instanceof Uint8Array) return document;
  if (typeof document !== 'object' || document === null) throw new TypeError('a document is an object, or its bytes');
  return JSON.stringify(document);
}

/** The JSON of a value. */
export function json(value: unknown): Uint8Array | string {
  const text = value instanceof Uint8Array ? value : typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  if (text === undefined) throw new TypeError('a value is missing');
  return text;
}

/** The driver's throughput. */
export function throughput(given: Throughput | undefined): AbiThroughput | undefined {
  if (given === undefined) return undefined;
  return typeof given === 'number' ? { tag: 'manual', val: given } : { tag: 'autoscale', val: given.autoscale };
}

/** The driver's configuration of a client. */
export function config(given: ClientOptions): Config {
  const { endpoint, metadata = 'eager', preferredRegions = [], backupEndpoints = [], partitionFailover = {} } = given;
  const defaults = callOptions(given.defaults);
  return {
    ...given, endpoint, metadata: metadata satisfies MetadataMode, preferredRegions, backupEndpoints, partitionFailover,
    defaults, credential: credential(given),
  };
}

function credential({ key, connectionString, resourceToken, token, unsigned }: ClientOptions): Credential {
  const given = [
    key !== undefined && { tag: 'account-key', val: key },
    connectionString !== undefined && { tag: 'connection-string', val: connectionString },
    resourceToken !== undefined && { tag: 'resource-token', val: resourceToken },
    token !== undefined && { tag: 'bearer-token', val: token },
    unsigned && { tag: 'host' },
  ].filter(Boolean) as Credential[];
  if (given.length === 1) return given[0]!;
  throw new TypeError('exactly one of key, connectionString, resourceToken, token and unsigned is needed');
}

/** The driver's configuration of what several clients could share. */
export function runtimeConfig({ environment = {}, runtime = {} }: ClientOptions): RuntimeConfig {
  const pairs = Object.entries(environment).filter(([name, value]) => name.startsWith('AZURE_COSMOS_') && value);
  return {
    wrappingSdkIdentifier: NAME, userAgentProperties: [], diagnostics: {}, throughputControlGroups: [], timeouts: {},
    ...runtime, environment: pairs as [string, string][], defaults: NONE,
  };
}
