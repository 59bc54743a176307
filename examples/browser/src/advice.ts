// What went wrong, what it means, and what to do next.

import { CosmosError, type contract } from '@cosmosdb-driver/js';

import { h } from './dom.js';

interface Advice {
  title: string;
  next: string;
}

const BY_KIND: Partial<Record<contract.ErrorKind, Advice>> = {
  'unauthorized': {
    title: 'The account refused the credential',
    next: 'Copy the key again, whole and without spaces, from the account that the endpoint belongs to. If it is right, check this device’s clock.',
  },
  'forbidden': {
    title: 'This is not allowed',
    next: 'The credential is valid but may not do this, or the account’s firewall keeps this network out.',
  },
  'not-found': { title: 'There is no such thing any more', next: 'Somebody may have deleted it. Load the list again.' },
  'conflict': { title: 'There is one with this id already', next: 'Use another id, or open the one that exists.' },
  'precondition-failed': { title: 'Somebody else changed this meanwhile', next: 'Load it again and compare.' },
  'payload-too-large': { title: 'The item is too large', next: 'An item may have 2 MB. Split it.' },
  'throttled': {
    title: 'The container is out of request units',
    next: 'Wait a moment and try again; ask for smaller pages, or give the container more throughput.',
  },
  'timeout': { title: 'No answer in time', next: 'Try again. Before repeating a change, look whether it was made.' },
  'unavailable': { title: 'The service cannot do this now', next: 'Try again in a moment.' },
  'cancelled': { title: 'Stopped', next: 'Run it again when you like.' },
  'not-resumable': { title: 'This query cannot be continued', next: 'Run it again from its beginning.' },
  'closed': { title: 'The connection was closed', next: 'Connect again.' },
  'invalid-argument': { title: 'The service does not understand this', next: 'Correct it and try again.' },
};

/** What to tell about an error. */
export function advice(error: unknown): Advice & { detail: string } {
  if (!(error instanceof CosmosError)) return { title: 'Something went wrong', next: 'Load the page again.', detail: String(error) };
  const detail = error.message;
  if (error.kind === 'transport') {
    const next = `Check the endpoint and the network. The account must allow pages from ${location.origin} (CORS), with all response headers exposed; browsers do not tell when that is missing.`;
    return { title: 'No answer from the account', next, detail };
  }
  return { ...(BY_KIND[error.kind] ?? { title: 'The service refused this', next: 'The text below says why.' }), detail };
}

/** The same as an element that is read out when it appears. */
export function alertOf(error: unknown): HTMLElement {
  const { title, next, detail } = advice(error);
  // What is wrong with a query only the service can say.
  const open = error instanceof CosmosError && error.kind === 'invalid-argument';
  return alert(title, next, h('details', { open }, h('summary', {}, 'Details'), h('p', { class: 'mono' }, detail)));
}

/** A problem, and what to do about it. */
export function alert(title: string, next: string, ...more: HTMLElement[]): HTMLElement {
  return h('div', { class: 'alert', role: 'alert' }, h('strong', {}, title), h('p', {}, next), ...more);
}
