// The client-side driver of Azure Cosmos DB for JavaScript.

import { CosmosClient, Database, Databases, Faults } from './client.js';
import { Container, Containers } from './container.js';
import { CosmosError } from './errors.js';
import { Feed } from './feed.js';
import { Items } from './items.js';
import { BatchResponse, CosmosResponse, OperationResult, Page } from './response.js';

export type { DatabaseDefinition, Fault } from './client.js';
export type { ContainerDefinition, CreateOptions } from './container.js';
export type { ChangeFeedOptions, PatchOptions, Query, QueryOptions } from './items.js';
export type { BulkOperation, Operation, PatchOperation } from './operations.js';
export type {
  CallOptions, ClientOptions, ConditionalOptions, Document, DriverOptions, FeedOptions, ItemOptions, KeyComponent,
  PartitionKey, ScopeOptions, Throughput,
} from './options.js';
export { fetchTransport, type HttpRequest, type HttpResponse, type Transport } from './transport.js';
/** The driver's contract: what `client.execute` and `client.feed` take, and what answers are made of. */
export type * as contract from '../generated/abi.js';

const classes = {
  BatchResponse, Container, Containers, CosmosClient, CosmosError, CosmosResponse, Database, Databases, Faults, Feed, Items,
  OperationResult, Page,
};
// Minified code has names of its own: these are for logs.
for (const [name, one] of Object.entries(classes)) Object.defineProperty(one, 'name', { value: name });

export {
  BatchResponse, Container, Containers, CosmosClient, CosmosError, CosmosResponse, Database, Databases, Faults, Feed, Items,
  OperationResult, Page,
};
