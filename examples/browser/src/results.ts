// The rows of a page.

import type { PartitionKey } from '@cosmosdb-driver/js';

import { fill, h, roving } from './dom.js';
import { indented, keyOf, object, own } from './json.js';

/** A row that somebody wants to see. */
export interface Row {
  text: string;
  /** Absent if the row is no whole item. */
  item: { id: string; key: PartitionKey } | undefined;
}

/** Letters of a row that the table shows. */
const PREVIEW = 160;

/** A table; arrow keys move along its rows, Enter opens one. */
export class Results {
  readonly element = h('div', { class: 'results' });
  readonly #open: (row: Row) => void;
  #opened: HTMLElement | undefined;

  constructor(open: (row: Row) => void) {
    this.#open = open;
    this.element.tabIndex = -1;
    roving(this.element, 'button');
  }

  /** Shows a notice instead of rows. */
  wait(notice: HTMLElement): void {
    const hadFocus = this.element.contains(document.activeElement);
    fill(this.element, notice);
    if (hadFocus) this.focus();
  }

  /** Shows rows. If the focus was here it stays here. */
  show(texts: readonly string[], paths: readonly string[]): void {
    const hadFocus = this.element.contains(document.activeElement);
    this.#fill(texts, paths);
    if (hadFocus) this.focus();
  }

  #fill(texts: readonly string[], paths: readonly string[]): void {
    if (!texts.length) {
      return fill(this.element, h('div', { class: 'empty' }, h('strong', {}, 'No rows'), h('p', {}, 'The query finds nothing here. Look at its condition and its partition key, or create an item.')));
    }
    const parsed = texts.map((text) => rowOf(text, paths));
    const areItems = parsed.every(({ item }) => item);
    const heads = areItems ? ['id', ...paths.filter((path) => path !== '/id').map((path) => path.slice(1)), 'Document'] : ['Row'];
    const opened = this.#opened?.textContent;
    const lines = parsed.map((row, i) => this.#line(row, paths, areItems, i));
    const head = h('tr', {}, ...heads.map((name) => h('th', { scope: 'col' }, name)));
    fill(this.element, h('table', {}, h('caption', { class: 'sr' }, 'Rows of this page'), h('thead', {}, head), h('tbody', {}, ...lines)));
    const again = areItems && lines.find((line) => line.querySelector('button')!.textContent === opened);
    if (again) again.classList.add('is-open');
    else this.element.scrollTop = 0;
  }

  /** Moves the focus to the row that was opened, or to the first one. */
  focus(): void {
    const opened = this.#opened?.isConnected ? this.#opened : this.element.querySelector<HTMLElement>('.is-open button');
    (opened ?? this.element.querySelector<HTMLElement>('button') ?? this.element).focus();
  }

  #line(row: Row, paths: readonly string[], areItems: boolean, at: number): HTMLElement {
    const open = (): void => {
      for (const one of this.element.querySelectorAll('tr.is-open')) one.classList.remove('is-open');
      line.classList.add('is-open');
      this.#opened = button;
      this.#open(row);
    };
    const short = (row.item ? own(row.text) : row.text).replace(/\s+/g, ' ').slice(0, PREVIEW);
    const name = areItems ? row.item!.id : short;
    const button = h('button', { type: 'button', class: areItems ? 'link' : 'link mono', tabIndex: at === 0 ? 0 : -1, title: 'Open', onclick: open }, name);
    const document = areItems ? object(row.text) : undefined;
    const key = document && keyOf(document, paths.filter((path) => path !== '/id')).map((part) => h('td', {}, part === undefined ? '–' : String(part)));
    const line = h('tr', { onclick: (event: Event) => event.target !== button && button.click() },
      h('td', {}, button), ...(key ?? []), areItems && h('td', { class: 'preview mono' }, short));
    return line;
  }
}

export function rowOf(text: string, paths: readonly string[]): Row {
  const document = object(text);
  const isItem = typeof document?.['id'] === 'string' && typeof document['_etag'] === 'string';
  if (!isItem) return { text: indented(text), item: undefined };
  return { text, item: { id: document['id'] as string, key: keyOf(document, paths) } };
}
