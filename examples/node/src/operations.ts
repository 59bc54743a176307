// Patches, batches and bulks: what callers write, and what the driver is told.

import type { BatchAction, PatchOperation as AbiPatch } from '../generated/abi.js';
import { bytes, json, type ConditionalOptions, type Document, type PartitionKey } from './options.js';

/** One step of a patch. Paths are JSON pointers. Values are JSON, or the bytes of a JSON text. */
export type PatchOperation =
  /** `add`: a property, or an element of an array. `set`: whether it exists or not. `replace`: only what exists. */
  | { op: 'add' | 'set' | 'replace'; path: string; value: unknown }
  /** What exists. */
  | { op: 'remove'; path: string }
  /** A number is added to a number, or created. Not idempotent. */
  | { op: 'increment'; path: string; value: number | bigint }
  /** From one path to another. */
  | { op: 'move'; from: string; path: string };

/** One operation of a batch, or of a bulk. */
export type Operation = Pick<ConditionalOptions, 'ifMatch' | 'ifNoneMatch'> &
  (
    | { op: 'create' | 'upsert'; item: Document }
    | { op: 'replace'; id: string; item: Document }
    | { op: 'read' | 'delete'; id: string }
    | { op: 'patch'; id: string; operations: PatchOperation[]; condition?: string | undefined }
  );

/** One operation of a bulk: on items of any partition keys. */
export type BulkOperation = Operation & { key: PartitionKey };

/** The driver's patch. */
export const patch = (operations: readonly PatchOperation[]): AbiPatch[] => operations.map(step);

function step(operation: PatchOperation): AbiPatch {
  const { op, path } = operation;
  switch (op) {
    case 'remove': return { tag: op, val: path };
    case 'move': return { tag: op, val: { from: operation.from, path } };
    default: return { tag: op, val: { path, value: json(operation.value) } };
  }
}

/** What the driver does for one operation of a batch. */
export function action(operation: Operation): BatchAction {
  switch (operation.op) {
    case 'create': case 'upsert': return { tag: operation.op, val: bytes(operation.item) };
    case 'replace': return { tag: 'replace', val: { id: operation.id, body: bytes(operation.item) } };
    case 'read': case 'delete': return { tag: operation.op, val: operation.id };
    case 'patch': {
      const { id, operations, condition } = operation;
      return { tag: 'patch', val: { id, operations: patch(operations), condition } };
    }
    default: throw new TypeError(`there is no operation \`${String((operation as { op: unknown }).op)}\``);
  }
}
