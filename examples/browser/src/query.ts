// A container's query: its text and parameters, and what it finds, page by page.

import type { ContainerDefinition, Feed, Page, PartitionKey } from '@cosmosdb-driver/js';

import { alert, alertOf } from './advice.js';
import { busy } from './connect.js';
import { count, field, fill, h, number } from './dom.js';
import { rows, typed, typedKey } from './json.js';
import { Results, rowOf, type Row } from './results.js';
import type { Session } from './session.js';
import { loading } from './tree.js';

/** Pages that can be gone back to. */
const MOST_PAGES = 50;

interface Shown {
  rows: string[];
  said: string;
}

/** The pane in the middle. */
export class QueryPane {
  readonly element = h('section', { class: 'pane query', 'aria-label': 'Query' });
  readonly #session: Session;
  readonly #open: (row: Row) => void;
  readonly #text = h('textarea', { rows: 2, spellcheck: false, value: 'SELECT * FROM c', class: 'mono' });
  readonly #key = h('input', { placeholder: 'All keys', spellcheck: false, autocomplete: 'off' });
  readonly #keyHint = h('span', {});
  readonly #size = h('select', {}, ...[10, 25, 100].map((size) => h('option', { value: String(size), selected: size === 25 }, size)));
  readonly #parameters = h('div', { class: 'parameters' });
  readonly #run = h('button', { type: 'button', class: 'primary', title: 'Ctrl+Enter' }, 'Run');
  readonly #problem = h('div', {});
  readonly #said = h('p', { class: 'said', role: 'status' });
  readonly #back = h('button', { type: 'button' }, 'Previous page');
  readonly #next = h('button', { type: 'button' }, 'Next page');
  readonly #results: Results;
  #target = '';
  #database = '';
  #definition: ContainerDefinition | undefined;
  #feed: Feed | undefined;
  #pages: Shown[] = [];
  #at = 0;
  #isComplete = true;
  /** Pages that were dropped because there were too many. */
  #dropped = 0;
  /** Of the query that was begun last. */
  #controller = new AbortController();
  #isRunning = false;

  constructor(session: Session, open: (row: Row) => void, create: () => void) {
    this.#session = session;
    this.#open = open;
    this.#results = new Results((row) => this.#open(row));
    this.#run.addEventListener('click', () => (this.#isRunning ? this.#controller.abort() : void this.run()));
    this.#back.addEventListener('click', () => this.#show(this.#at - 1));
    this.#next.addEventListener('click', () => void this.#forward());
    this.#key.addEventListener('input', () => this.#explainKey());
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.run();
    });
    this.#create = create;
    const none = h('div', { class: 'empty' }, h('strong', {}, 'No container is open'), h('p', {}, 'Choose one under Databases.'));
    fill(this.element, h('header', { class: 'bar' }, h('h2', {}, 'Items')), none);
  }

  readonly #create: () => void;

  /** Shows a container, and runs the query that finds everything: its first page. */
  async open(database: string, definition: ContainerDefinition): Promise<void> {
    this.#stop();
    this.#database = database;
    this.#definition = definition;
    this.#target = `${database} / ${definition.id}`;
    this.#text.value = 'SELECT * FROM c';
    this.#key.value = '';
    fill(this.#parameters);
    this.#explainKey();
    this.#lay(definition);
    await this.run();
  }

  /** Begins the query anew. */
  async run(): Promise<void> {
    const definition = this.#definition;
    if (!definition) return;
    const key = typedKey(this.#key.value);
    if (typeof key === 'string') return fill(this.#problem, alert('This is no partition key', key));
    this.#stop();
    this.#controller = new AbortController();
    [this.#pages, this.#at, this.#dropped, this.#isComplete] = [[], 0, 0, false];
    try {
      this.#feed = this.#begin(definition, key.key, this.#controller.signal);
      await this.#forward();
    } catch (error) {
      fill(this.#problem, alertOf(error));
      this.#ended();
    }
  }

  /** Shows a change of an item where the item is among the rows: its new text, or without one that it is gone. */
  update(id: string, key: PartitionKey, text: string | undefined): void {
    for (const page of this.#pages) {
      const at = page.rows.findIndex((row) => {
        const { item } = rowOf(row, this.#paths());
        return item?.id === id && JSON.stringify(item.key) === JSON.stringify(key);
      });
      if (at >= 0) page.rows.splice(at, 1, ...(text === undefined ? [] : [text]));
    }
    if (this.#pages.length) this.#results.show(this.#pages[this.#at]!.rows, this.#paths());
  }

  /** Moves the focus to the row that was opened. */
  focusRow(): void {
    this.#results.focus();
  }

  #begin(definition: ContainerDefinition, key: PartitionKey | undefined, signal: AbortSignal): Feed {
    const names = [...this.#parameters.querySelectorAll<HTMLInputElement>('.name')];
    const values = [...this.#parameters.querySelectorAll<HTMLInputElement>('.value')];
    const parameters = names.map(({ value }, i) => ({ name: value.startsWith('@') ? value : `@${value}`, value: typed(values[i]!.value).value }));
    const { items } = this.#session.client.database(this.#database).container(definition.id);
    const query = { query: this.#text.value, parameters: parameters.filter(({ name }) => name !== '@') };
    return items.query(query, { key, maxItemCount: Number(this.#size.value), signal });
  }

  async #forward(): Promise<void> {
    if (this.#at + 1 < this.#pages.length) return this.#show(this.#at + 1);
    const feed = this.#feed;
    if (!feed || this.#isComplete || this.#isRunning) return;
    this.#isRunning = true;
    this.#run.textContent = 'Stop';
    busy(this.#next, true);
    fill(this.#problem);
    if (!this.#pages.length) this.#results.wait(loading('Running'));
    try {
      const page = await this.#session.run(this.#target, () => feed.nextPage());
      if (this.#feed === feed) this.#took(feed, page);
    } catch (error) {
      if (this.#feed === feed) this.#failed(error);
    }
    if (this.#feed === feed) this.#ended();
  }

  #failed(error: unknown): void {
    fill(this.#problem, alertOf(error));
    if (!this.#pages.length) this.#results.wait(h('p', {}));
    // What was stopped does not go on; all else may be tried again.
    if (this.#controller.signal.aborted) this.#isComplete = this.#next.disabled = true;
  }

  #took(feed: Feed, page: Page | undefined): void {
    this.#isComplete = !page || isAtEnd(feed);
    if (page || !this.#pages.length) this.#pages.push(shown(page));
    if (this.#pages.length > MOST_PAGES) this.#dropped += this.#pages.splice(0, 1).length;
    this.#show(this.#pages.length - 1);
  }

  #show(at: number): void {
    const page = this.#pages[at];
    if (!page) return;
    const focused = document.activeElement;
    this.#at = at;
    this.#results.show(page.rows, this.#paths());
    this.#said.textContent = `Page ${this.#dropped + at + 1}${this.#isComplete && at + 1 === this.#pages.length ? ', the last one' : ''}: ${page.said}`;
    this.#back.disabled = at === 0;
    this.#next.disabled = this.#isComplete && at + 1 >= this.#pages.length;
    // A button that cannot be pressed any more lets the focus go.
    if ([this.#back, this.#next].some((button) => button === focused && button.disabled)) this.#results.focus();
  }

  #ended(): void {
    this.#isRunning = false;
    this.#run.textContent = 'Run';
    busy(this.#next, false);
  }

  #stop(): void {
    this.#controller.abort();
    this.#feed?.close();
    this.#feed = undefined;
    this.#ended();
    fill(this.#problem);
    this.#said.textContent = '';
    this.#back.disabled = this.#next.disabled = true;
  }

  #paths(): readonly string[] {
    return this.#definition?.partitionKey.paths ?? [];
  }

  #explainKey(): void {
    const key = typedKey(this.#key.value);
    this.#keyHint.textContent = typeof key === 'string' ? key : key.key === undefined ? 'Empty: all of the container' : `One partition, by ${typed(this.#key.value.trim()).kind}`;
  }

  #lay({ id, partitionKey }: ContainerDefinition): void {
    const create = h('button', { type: 'button', onclick: () => this.#create() }, 'New item');
    const path = h('span', { class: 'muted path' }, this.#database, ' / ');
    const head = h('header', { class: 'bar' },
      h('h2', { class: 'crumbs', title: this.#target }, path, id), h('span', { class: 'tag', title: 'Partition key' }, partitionKey.paths.join(', ')), h('span', { class: 'grow' }), create);
    const add = h('button', { type: 'button', onclick: () => this.#addParameter() }, 'Add parameter');
    const settings = h('div', { class: 'settings' }, field('Partition key', this.#key, this.#keyHint), field('Page size', this.#size), add, h('span', { class: 'grow' }), this.#run);
    const form = h('div', { class: 'form' }, field('Query', this.#text), this.#parameters, settings, this.#problem);
    fill(this.element, head, form, this.#results.element, h('footer', { class: 'bar' }, this.#said, h('span', { class: 'grow' }), this.#back, this.#next));
  }

  #addParameter(): void {
    const at = this.#parameters.childElementCount + 1;
    const kind = h('span', { class: 'tag' }, 'text');
    const name = h('input', { class: 'name mono', placeholder: '@name', 'aria-label': `Name of parameter ${at}`, spellcheck: false });
    const value = h('input', { class: 'value mono', placeholder: 'value', 'aria-label': `Value of parameter ${at}`, spellcheck: false });
    value.addEventListener('input', () => (kind.textContent = typed(value.value).kind));
    const remove = h('button', { type: 'button', class: 'quiet', 'aria-label': `Remove parameter ${at}`, onclick: () => line.remove() }, '×');
    const line = h('div', { class: 'parameter' }, name, value, kind, remove);
    this.#parameters.append(line);
    name.focus();
  }
}

const decoder = new TextDecoder();

function shown(page: Page | undefined): Shown {
  if (!page) return { rows: [], said: 'no rows' };
  const found = rows(decoder.decode(page.body));
  return { rows: found, said: `${count(found.length, 'row')}, ${number(page.requestCharge)} RU, ${count(page.diagnostics.requestCount, 'request')}` };
}

/** Queries without a continuation, such as aggregates, show their end by having no more pages. */
function isAtEnd(feed: Feed): boolean {
  try {
    return feed.continuation() === undefined;
  } catch {
    return false;
  }
}
