// One operation's requests on a common time line, a colour for each region.

import type { contract } from '@cosmosdb-driver/js';

import { count, h, number } from './dom.js';
import type { Timing, Trace } from './session.js';

/** A request on the time line, in milliseconds from the operation's first one. */
export interface Bar {
  attempt: contract.Attempt;
  begin: number;
  end: number;
}

/** Colours there are; the style sheet has them. */
const COLOURS = 5;

/** Where the requests lie. Their begin was seen by the page's transport; of those that were not, each follows the one before. */
export function bars(attempts: readonly contract.Attempt[], timings: readonly Timing[]): Bar[] {
  const sorted = timings.filter(({ end }) => end < Infinity).sort((a, b) => a.begin - b.begin);
  const left = [...sorted];
  const zero = sorted[0]?.begin ?? 0;
  let last = 0;
  return attempts.map((attempt) => {
    const at = left.findIndex(({ origin }) => sameOrigin(origin, attempt.endpoint));
    const [seen] = at < 0 ? [] : left.splice(at, 1);
    const begin = seen ? seen.begin - zero : last;
    const end = seen ? seen.end - zero : begin + attempt.durationMs;
    last = Math.max(last, end);
    return { attempt, begin, end };
  });
}

const sameOrigin = (a: string, b: string): boolean => a.replace(/\/$/, '') === b.replace(/\/$/, '');

const CONTEXTS: Partial<Record<contract.ExecutionContext, string>> = {
  'operation-retry': 'retry',
  'transport-retry': 'retry, new connection',
  'region-failover': 'other region',
  'hedging': 'hedge',
  'circuit-breaker-probe': 'probe',
};

/** `read_item`, as people write it. */
export const title = (name: string): string => name.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());

/** The requests of an operation as a table whose last column is the time line. */
export function waterfall({ diagnostics, timings }: Trace): HTMLElement {
  if (!diagnostics.attempts.length) {
    return h('div', { class: 'empty' }, h('strong', {}, 'Nothing was sent'), h('p', {}, 'The driver had the answer already: rows that came with an earlier page.'));
  }
  const shown = bars(diagnostics.attempts, timings);
  const span = Math.max(1, ...shown.map(({ end }) => end));
  const regions = [...new Set(shown.map(({ attempt }) => place(attempt)))];
  const rows = shown.flatMap((bar) => row(bar, span, regions.indexOf(place(bar.attempt)) % COLOURS));
  const heads = ['Region', 'Request', 'Status', 'RU', 'ms', `0 to ${number(span, 0)} ms`];
  const table = h('table', { class: 'waterfall' },
    h('caption', { class: 'sr' }, `Requests of ${title(diagnostics.operationName)}`),
    h('thead', {}, h('tr', {}, ...heads.map((head, i) => h('th', { scope: 'col', class: i > 1 && i < 5 ? 'num' : '' }, head)))), h('tbody', {}, ...rows));
  const omitted = diagnostics.omittedAttempts > 0 && h('p', { class: 'hint' }, `${count(diagnostics.omittedAttempts, 'equal request')} not shown.`);
  const hedge = diagnostics.hedge && h('p', { class: 'hint' }, `Hedged after ${number(diagnostics.hedge.thresholdMs)} ms: ${diagnostics.hedge.ending.replaceAll('_', ' ')}.`);
  const id = h('p', { class: 'hint' }, 'Activity id ', h('code', {}, diagnostics.activityId));
  return h('div', {}, h('div', { class: 'scroll-x', tabIndex: 0, role: 'region', 'aria-label': 'Requests' }, table), omitted || undefined, hedge, id);
}

const place = ({ region, endpoint }: contract.Attempt): string => region ?? endpoint.replace(/^https?:\/\//, '').replace(/\/$/, '');

function row({ attempt, begin, end }: Bar, span: number, colour: number): HTMLElement[] {
  const { status, subStatus, error, timedOut, executionContext, pipeline, operationName } = attempt;
  const failed = status === undefined || (status >= 400 && status !== 404) || error !== undefined;
  const context = CONTEXTS[executionContext];
  const bar = h('span', { class: `span region-${colour}${failed ? ' failed' : ''}` });
  bar.style.left = `${(begin / span) * 100}%`;
  bar.style.width = `${Math.max(0.5, ((end - begin) / span) * 100)}%`;
  const said = status === undefined ? (timedOut ? 'timed out' : 'no answer') : subStatus ? `${status}/${subStatus}` : String(status);
  const main = h('tr', { class: failed ? 'is-failed' : '' },
    h('td', {}, h('span', { class: `dot region-${colour}`, 'aria-hidden': 'true' }), place(attempt)),
    h('td', {}, title(operationName), pipeline === 'metadata' && h('span', { class: 'tag' }, 'metadata'), context && h('span', { class: 'tag strong' }, context)),
    h('td', { class: 'num' }, said),
    h('td', { class: 'num' }, number(attempt.requestCharge)),
    h('td', { class: 'num' }, h('span', { title: `from ${number(begin, 1)} to ${number(end, 1)} ms` }, number(end - begin, 1))),
    h('td', { class: 'time' }, h('span', { class: 'track' }, bar), h('span', { class: 'sr' }, `from ${number(begin, 1)} to ${number(end, 1)} ms`)));
  if (!error) return [main];
  return [main, h('tr', { class: 'why' }, h('td', {}), h('td', { colSpan: 5 }, error))];
}
