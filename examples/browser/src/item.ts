// One item: read, changed, created, deleted. A change holds only if nobody else has made one meanwhile.

import { CosmosError, type ContainerDefinition, type CosmosResponse, type Items, type PartitionKey } from '@cosmosdb-driver/js';

import { alert, alertOf } from './advice.js';
import { busy } from './connect.js';
import { ask, compared } from './dialog.js';
import { field, fill, h, number } from './dom.js';
import { indented, keyOf, object, own, template } from './json.js';
import type { Row } from './results.js';
import type { Session } from './session.js';
import { loading } from './tree.js';

interface Opened {
  id: string;
  key: PartitionKey;
  etag: string | undefined;
}

/** What the rest of the page has to know. */
export interface Events {
  /** An item was created. */
  created(): void;
  /** An item has this text now; none: it was deleted. */
  changed(id: string, key: PartitionKey, text: string | undefined): void;
  /** The item was closed. */
  closed(): void;
  say(text: string): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The pane at the right. */
export class ItemPane {
  readonly element = h('section', { class: 'pane item', 'aria-label': 'Item' });
  readonly #session: Session;
  readonly #events: Events;
  readonly #editor = h('textarea', { class: 'mono editor', spellcheck: false });
  readonly #save = h('button', { type: 'button', class: 'primary', title: 'Ctrl+S' }, 'Save');
  readonly #discard = h('button', { type: 'button' }, 'Discard');
  readonly #delete = h('button', { type: 'button', class: 'danger' }, 'Delete');
  readonly #problem = h('div', {});
  readonly #facts = h('p', { class: 'said' });
  #items: Items | undefined;
  #paths: readonly string[] = [];
  #target = '';
  /** Absent: a new item. */
  #opened: Opened | undefined;
  /** What the editor began with. */
  #original = '';
  #isOpen = false;

  constructor(session: Session, events: Events) {
    this.#session = session;
    this.#events = events;
    this.#save.addEventListener('click', () => void this.#work(() => this.#write(this.#opened?.etag)));
    this.#delete.addEventListener('click', () => void this.#askAndRemove());
    this.#discard.addEventListener('click', () => {
      this.#fill(this.#original);
      this.#editor.focus();
    });
    this.#editor.addEventListener('input', () => this.#mark());
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.#empty();
  }

  /** The container that items are from now on. */
  use(database: string, definition: ContainerDefinition): void {
    this.#items = this.#session.client.database(database).container(definition.id).items;
    this.#paths = definition.partitionKey.paths;
    this.#target = `${database} / ${definition.id}`;
    this.#empty();
  }

  /** Whether something in the editor would be lost; asks. */
  async mayClose(): Promise<boolean> {
    if (!this.#isDirty()) return true;
    const choices = [{ label: 'Keep editing', value: '' }, { label: 'Discard changes', value: 'discard', class: 'danger' }];
    return (await ask('Discard your changes?', [h('p', {}, 'The item has changes that are not saved.')], choices)) === 'discard';
  }

  /** Reads an item and shows it; or a row that is none. */
  async open({ text, item }: Row): Promise<void> {
    if (!(await this.mayClose())) return;
    if (!item) this.#lay('Row', text, true);
    else fill(this.element, this.#head(item.id), loading('Reading'));
    this.element.querySelector('h2')!.focus();
    this.#isOpen = true;
    if (!item) return;
    try {
      const read = await this.#session.run(`${this.#target} / ${item.id}`, () => this.#items!.read(item.id, item.key));
      this.#opened = { ...item, etag: read.etag };
      this.#lay(item.id, editable(read), false, read);
    } catch (error) {
      fill(this.element, this.#head(item.id), h('div', { class: 'form' }, alertOf(error)));
    }
  }

  /** Begins a new item. */
  async create(): Promise<void> {
    if (!this.#items || !(await this.mayClose())) return;
    this.#opened = undefined;
    this.#lay('New item', template(crypto.randomUUID(), this.#paths), false);
    this.#original = '';
    this.#mark();
    this.#editor.focus();
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    if (!this.#isOpen || !(await this.mayClose())) return;
    this.#empty();
    this.#events.closed();
  }

  #empty(): void {
    [this.#isOpen, this.#opened, this.#original, this.#editor.value] = [false, undefined, '', ''];
    fill(this.element, h('header', { class: 'bar' }, h('h2', {}, 'Item')),
      h('div', { class: 'empty' }, h('strong', {}, 'No item is open'), h('p', {}, 'Choose a row, or create an item.')));
  }

  #head(title: string): HTMLElement {
    const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close item', title: 'Escape', onclick: () => void this.close() }, '×');
    return h('header', { class: 'bar' }, h('h2', { class: 'crumbs', title, tabIndex: -1 }, title), h('span', { class: 'grow' }), close);
  }

  #lay(title: string, text: string, isReadOnly: boolean, answer?: CosmosResponse): void {
    const focused = document.activeElement;
    const hadFocus = this.element.contains(focused);
    this.#isOpen = true;
    this.#editor.readOnly = isReadOnly;
    this.#delete.hidden = !this.#opened;
    fill(this.#problem);
    this.#fill(text);
    const changed = answer?.json<Record<string, unknown>>()['_ts'];
    this.#facts.textContent = typeof changed === 'number' ? `Changed ${new Date(changed * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}` : '';
    const tools = h('footer', { class: 'bar' }, this.#facts, h('span', { class: 'grow' }), this.#delete, this.#discard, this.#save);
    fill(this.element, this.#head(title), h('div', { class: 'form tall' }, this.#problem, field('Document (JSON)', this.#editor)), isReadOnly ? undefined : tools);
    // What was focused may have gone. The heading shows no keyboard on a phone, and Escape closes from there too.
    if (hadFocus) (focused === this.#editor ? this.#editor : this.element.querySelector('h2'))?.focus();
  }

  #fill(text: string): void {
    this.#original = this.#editor.value = text;
    this.#mark();
  }

  #isDirty(): boolean {
    return this.#isOpen && !this.#editor.readOnly && this.#editor.value !== this.#original;
  }

  #mark(): void {
    const isDirty = this.#isDirty();
    this.element.classList.toggle('is-dirty', isDirty);
    this.#save.disabled = !isDirty;
    this.#discard.disabled = !isDirty || !this.#opened;
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.preventDefault();
      void this.close();
    } else if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!this.#save.disabled) this.#save.click();
    }
  }

  /** One thing at a time; what goes wrong is shown. */
  async #work(work: () => Promise<void>): Promise<void> {
    if (this.#save.classList.contains('busy')) return;
    busy(this.#save, true);
    fill(this.#problem);
    try {
      await work();
    } catch (error) {
      fill(this.#problem, alertOf(error));
    } finally {
      busy(this.#save, false);
    }
  }

  /** Creates what is new, and replaces what has still this etag. */
  async #write(ifMatch: string | undefined): Promise<void> {
    const text = this.#editor.value;
    const wrong = this.#wrong(text);
    if (wrong) return fill(this.#problem, wrong);
    const document = parsed(text)!;
    const [id, key, body] = [document['id'] as string, keyOf(document, this.#paths), encoder.encode(text)];
    const opened = this.#opened;
    const options = { contentResponseOnWrite: true };
    try {
      const answer = await this.#session.run(`${this.#target} / ${id}`, () =>
        opened ? this.#items!.replace(id, key, body, { ...options, ifMatch }) : this.#items!.create(key, body, options));
      this.#wrote(answer, id, key);
      this.#events.say(`${opened ? 'Saved' : 'Created'} ${id}: ${number(answer.requestCharge)} RU`);
    } catch (error) {
      if (!is(error, 'precondition-failed')) throw error;
      await this.#resolve(text);
    }
  }

  #wrote(answer: CosmosResponse, id: string, key: PartitionKey): void {
    if (this.#opened) this.#events.changed(id, key, decoder.decode(answer.body));
    else this.#events.created();
    this.#opened = { id, key, etag: answer.etag };
    this.#lay(id, editable(answer), false, answer);
  }

  /** Somebody was faster: shows both versions, and does what is decided. */
  async #resolve(mine: string): Promise<void> {
    const { id, key } = this.#opened!;
    const read = await this.#session.run(`${this.#target} / ${id}`, () => this.#items!.read(id, key));
    const theirs = editable(read);
    const choice = await ask('Somebody else changed this item', [
      h('p', {}, 'It was changed after you opened it, so nothing was saved. Take over their version, or replace it with yours.'),
      compared(mine, theirs),
    ], [
      { label: 'Overwrite with mine', value: 'overwrite', class: 'danger' },
      { label: 'Keep editing', value: '' },
      { label: 'Reload theirs', value: 'reload', class: 'primary' },
    ], 'wide');
    if (choice === 'overwrite') return this.#write(read.etag);
    if (choice !== 'reload') return;
    this.#opened = { id, key, etag: read.etag };
    this.#lay(id, theirs, false, read);
    this.#events.changed(id, key, decoder.decode(read.body));
    this.#events.say('Reloaded; your changes are gone.');
  }

  async #askAndRemove(): Promise<void> {
    const choices = [{ label: 'Delete item', value: 'delete', class: 'danger' }, { label: 'Cancel', value: '' }];
    const choice = await ask(`Delete ${this.#opened!.id}?`, [h('p', {}, 'It cannot be brought back.')], choices);
    if (choice === 'delete') await this.#work(() => this.#remove());
  }

  async #remove(): Promise<void> {
    const { id, key, etag } = this.#opened!;
    try {
      const answer = await this.#session.run(`${this.#target} / ${id}`, () => this.#items!.delete(id, key, { ifMatch: etag }));
      this.#empty();
      this.#events.changed(id, key, undefined);
      this.#events.closed();
      this.#events.say(`Deleted ${id}: ${number(answer.requestCharge)} RU`);
    } catch (error) {
      if (!is(error, 'precondition-failed')) throw error;
      await this.#resolve(this.#editor.value);
    }
  }

  /** Why a text cannot be saved. */
  #wrong(text: string): HTMLElement | undefined {
    let document: Record<string, unknown> | undefined;
    try {
      document = object(text);
    } catch (error) {
      return alert('This is no JSON', (error as Error).message);
    }
    if (typeof document?.['id'] !== 'string' || !document['id']) return alert('The item has no id', 'A document is an object with an "id", which is a text.');
    const opened = this.#opened;
    const isMoved = opened && (document['id'] !== opened.id || JSON.stringify(keyOf(document, this.#paths)) !== JSON.stringify(opened.key));
    return isMoved ? alert('The id and the partition key cannot change', 'Create a new item with the new ones, and delete this one.') : undefined;
  }
}

/** What can be changed of an item. */
const editable = (answer: CosmosResponse): string => indented(own(decoder.decode(answer.body)));

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return object(text);
  } catch {
    return undefined;
  }
}

const is = (error: unknown, kind: string): boolean => error instanceof CosmosError && error.kind === kind;
