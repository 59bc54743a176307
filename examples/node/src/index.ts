// The client-side driver of Azure Cosmos DB for JavaScript.

export { CosmosClient, Database, Databases, Faults, type DatabaseDefinition, type Fault } from './client.js';
export { Container, Containers, type ContainerDefinition, type CreateOptions } from './container.js';
export { CosmosError } from './errors.js';
export { Feed } from './feed.js';
export { Items, type ChangeFeedOptions, type PatchOptions, type Query, type QueryOptions } from './items.js';
export type { BulkOperation, Operation, PatchOperation } from './operations.js';
export type {
  CallOptions, ClientOptions, ConditionalOptions, Document, DriverOptions, FeedOptions, ItemOptions, KeyComponent,
  PartitionKey, ScopeOptions, Throughput,
} from './options.js';
export { BatchResponse, CosmosResponse, OperationResult, Page } from './response.js';
export { fetchTransport, type HttpRequest, type HttpResponse, type Transport } from './transport.js';
/** The driver's contract: what `client.execute` and `client.feed` take, and what answers are made of. */
export type * as contract from '../generated/abi.js';
