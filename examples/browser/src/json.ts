// Documents as text. What is edited is the text that the service sent, so numbers keep all their digits and properties
// their order.

import type { KeyComponent, PartitionKey } from '@cosmosdb-driver/js';

/** Strings, punctuation, and everything else between spaces. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON on several lines. Only spaces change. */
export function indented(text: string): string {
  const tokens = text.match(TOKENS) ?? [];
  let [out, depth] = ['', 0];
  tokens.forEach((token, i) => {
    const line = (): string => `\n${'  '.repeat(depth)}`;
    if (token === '{' || token === '[') {
      depth++;
      out += token + (isEnd(tokens[i + 1]) ? '' : line());
    } else if (isEnd(token)) {
      depth--;
      out += (tokens[i - 1] === '{' || tokens[i - 1] === '[' ? '' : line()) + token;
    } else if (token === ',') out += token + line();
    else out += token === ':' ? ': ' : token;
  });
  return out;
}

const isEnd = (token: string | undefined): boolean => token === '}' || token === ']';

/** The texts of the rows in a page's body: of the first array in the outermost object. */
export function rows(body: string): string[] {
  const found: string[] = [];
  let [depth, begin] = [0, -1];
  for (const { 0: token, index } of body.matchAll(TOKENS)) {
    if (depth === 2 && begin < 0 && !isEnd(token) && token !== ',') begin = index;
    if (depth === 2 && begin >= 0 && (token === ',' || token === ']')) {
      found.push(body.slice(begin, index).trim());
      begin = -1;
    }
    if (depth === 1 && token === '{') return found;
    if (token === '{' || token === '[') depth++;
    if (isEnd(token) && --depth === 1) return found;
  }
  return found;
}

/** What the service adds to each item. */
const SYSTEM = ['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn'].map((name) => `"${name}"`);

/** An item without what the service adds to it; all else as it stands. */
export function own(text: string): string {
  const kept: string[] = [];
  let [depth, begin] = [0, 0];
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (depth === 1 && (token === ',' || token === '}')) {
      const member = text.slice(begin, index).trim();
      if (member && !SYSTEM.some((name) => member.startsWith(name))) kept.push(member);
      begin = index + 1;
    }
    if (token === '{' || token === '[') depth++;
    else if (isEnd(token)) depth--;
    if (depth === 1 && kept.length === 0 && begin === 0) begin = index + 1;
  }
  return `{${kept.join(',')}}`;
}

/** An object, or undefined. */
export function object(text: string): Record<string, unknown> | undefined {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** The partition key of a document. A component that is no string, number, boolean or null counts as missing. */
export function keyOf(document: Record<string, unknown>, paths: readonly string[]): KeyComponent[] {
  return paths.map((path) => {
    const value = path.slice(1).split('/').reduce(property, document as unknown);
    return typeof value === 'object' && value !== null ? undefined : (value as KeyComponent);
  });
}

function property(value: unknown, name: string): unknown {
  const plain = name.replace(/^"(.*)"$/, '$1');
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[plain] : undefined;
}

/** A document of which only the key's components are there. */
export function template(id: string, paths: readonly string[]): string {
  const document: Record<string, unknown> = { id };
  for (const path of paths) {
    const names = path.slice(1).split('/').map((name) => name.replace(/^"(.*)"$/, '$1'));
    const last = names.pop()!;
    if (last === 'id' && !names.length) continue;
    const parent = names.reduce((inner, name) => (inner[name] ??= {}) as Record<string, unknown>, document);
    parent[last] = '';
  }
  return JSON.stringify(document, undefined, 2);
}

/** What somebody has typed: JSON where it is JSON, and otherwise a text as it stands. */
export function typed(text: string): { value: unknown; kind: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { value, kind: value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value === 'string' ? 'text' : typeof value };
  } catch {
    return { value: text, kind: 'text' };
  }
}

/** A partition key, or a text that says what is wrong with it. */
export function typedKey(text: string): { key: PartitionKey | undefined } | string {
  if (!text.trim()) return { key: undefined };
  const { value } = typed(text.trim());
  const parts = Array.isArray(value) ? value : [value];
  if (parts.some((part) => typeof part === 'object' && part !== null)) return 'A key is a text, a number, true, false or null; or a list of these.';
  return { key: value as PartitionKey };
}
