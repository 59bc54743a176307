// One class for everything that goes wrong with an operation.

import type {
  Diagnostics, DriverError, ErrorCause, ErrorKind, Outcome, Rejection, ResponseHeaders,
} from '../generated/abi.js';

/**
 * A failed operation. Act on `kind`; `status` and `subStatus` are beside it. Never holds keys, tokens or bodies.
 *
 * Arguments of a wrong JavaScript type are a `TypeError` instead: nothing was begun.
 */
export class CosmosError extends Error {
  /** What it means. */
  readonly kind: ErrorKind;
  /** The HTTP status, if a response arrived, or one of the driver's own (see `DriverError.status`). */
  readonly status: number | undefined;
  /** The service's sub-status, if it gave one. */
  readonly subStatus: number | undefined;
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same call may succeed later without a change. Look at `outcome` before repeating a write. */
  readonly retryable: boolean;
  /** Whether something may have been changed: read before writing again if it is `unknown`. */
  readonly outcome: Outcome;
  /** The operation for whose sake a batch was not carried out, from 0. */
  readonly failedOperation: number | undefined;
  /** The last failure, if this error sums up several. */
  declare readonly cause: ErrorCause | undefined;
  /** The headers of the service's answer, if one arrived. Not shown by `console.log`. */
  declare readonly headers: ResponseHeaders | undefined;
  /** What was sent. Not shown by `console.log`. */
  declare readonly diagnostics: Diagnostics | undefined;

  /** @internal */
  constructor(error: DriverError) {
    super(error.message);
    this.kind = error.kind;
    this.status = error.status;
    this.subStatus = error.subStatus;
    this.retryAfterMs = error.retryAfterMs;
    this.retryable = error.retryable;
    this.outcome = error.outcome;
    this.failedOperation = error.failedOperation;
    // Hundreds of lines in a log for one error help nobody.
    if (error.cause) Object.defineProperty(this, 'cause', { value: error.cause });
    Object.defineProperties(this, {
      name: { value: 'CosmosError' },
      headers: { value: error.headers },
      diagnostics: { value: error.diagnostics },
    });
  }

  /** The request units that all attempts have cost. */
  get requestCharge(): number {
    return this.diagnostics?.requestCharge ?? this.headers?.requestCharge ?? 0;
  }

  /** Sent with every attempt; quote it in a support request. */
  get activityId(): string | undefined {
    return this.diagnostics?.activityId ?? this.headers?.activityId;
  }

  /** The session token of the answer, if one arrived. */
  get sessionToken(): string | undefined {
    return this.headers?.sessionToken;
  }

  /** The etag of the answer, if one arrived. */
  get etag(): string | undefined {
    return this.headers?.etag;
  }
}

const NOTHING_KNOWN = {
  retryable: false, status: undefined, subStatus: undefined, retryAfterMs: undefined, cause: undefined,
  failedOperation: undefined, headers: undefined, diagnostics: undefined,
} as const;

/** An error of which nothing was sent. */
export const rejected = ({ kind, message }: Rejection): CosmosError =>
  new CosmosError({ ...NOTHING_KNOWN, kind, message, outcome: 'not-applied' });

/** The error of all operations of an instance that has ended by a fault of its own, or of its transport. */
export function broken(cause: unknown): CosmosError {
  const message = `the driver stopped (${String(cause)}): open a new client, and report this as a bug`;
  return new CosmosError({ ...NOTHING_KNOWN, kind: 'closed', message, outcome: 'unknown' });
}
