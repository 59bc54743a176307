// Databases and their containers.

import type { ContainerDefinition } from '@cosmosdb-driver/js';

import { alertOf } from './advice.js';
import type { Place } from './connect.js';
import { fill, h, roving } from './dom.js';
import type { Session } from './session.js';

type Open = (database: string, definition: ContainerDefinition) => void;

/** A tree: arrow keys move, right and left unfold and fold, Enter opens. */
export class Tree {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #open: Open;
  readonly #only: Place | undefined;
  readonly #list = h('ul', { role: 'tree', 'aria-label': 'Databases and containers' });
  readonly #notice = h('div', { class: 'tree-notice' });
  readonly #roving = roving(this.#list, '[role=treeitem]');

  constructor(session: Session, only: Place | undefined, open: Open) {
    this.#session = session;
    this.#only = only;
    this.#open = open;
    const reload = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Load databases again', title: 'Load again', onclick: () => void this.load() }, '↻');
    const head = h('header', { class: 'bar' }, h('h2', {}, 'Databases'), h('span', { class: 'grow' }), reload);
    this.element = h('nav', { class: 'pane tree', 'aria-label': 'Databases' }, head, this.#list, this.#notice);
    this.#list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Reads the databases: all of them, or of a resource token's account the one that it is about. */
  async load(): Promise<void> {
    fill(this.#list);
    fill(this.#notice, loading('Loading databases'));
    try {
      const { client, account } = this.#session;
      const ids = this.#only ? [this.#only.database] : (await this.#session.all(account, client.databases.list())).map(({ id }) => id);
      ids.sort((a, b) => a.localeCompare(b));
      fill(this.#list, ...ids.map((id) => this.#database(id)));
      const empty = h('div', { class: 'empty' }, h('strong', {}, 'No databases yet'), h('p', {}, 'Create one in the portal or by a program, and load again.'));
      fill(this.#notice, ids.length ? false : empty);
      const first = this.#list.querySelector<HTMLElement>('[role=treeitem]');
      if (first) first.tabIndex = 0;
      if (first && ids.length === 1) await this.#unfold(first);
    } catch (error) {
      fill(this.#notice, alertOf(error));
    }
  }

  /** Moves the focus into the tree. */
  focus(): void {
    const first = this.#roving.current();
    if (first) this.#roving.focus(first);
  }

  #database(id: string): HTMLElement {
    const row = h('div', { class: 'row', title: id }, h('span', { class: 'chevron', 'aria-hidden': 'true' }), h('span', { class: 'name' }, id));
    const item = h('li', { role: 'treeitem', 'aria-expanded': 'false', 'aria-level': '1', 'aria-label': id, tabIndex: -1 }, row, h('ul', { role: 'group' }));
    item.dataset['database'] = id;
    row.addEventListener('click', () => {
      this.#roving.focus(item);
      void this.#toggle(item);
    });
    return item;
  }

  #container(database: string, definition: ContainerDefinition): HTMLElement {
    const { id } = definition;
    const open = (): void => {
      for (const one of this.#list.querySelectorAll('[aria-selected=true]')) one.setAttribute('aria-selected', 'false');
      item.setAttribute('aria-selected', 'true');
      this.#open(database, definition);
    };
    const row = h('div', { class: 'row leaf', title: id }, h('span', { class: 'name' }, id));
    const item = h('li', { role: 'treeitem', 'aria-level': '2', 'aria-selected': 'false', 'aria-label': id, tabIndex: -1 }, row);
    row.addEventListener('click', () => {
      this.#roving.focus(item);
      open();
    });
    item.addEventListener('open', open);
    return item;
  }

  async #toggle(item: HTMLElement): Promise<void> {
    if (item.getAttribute('aria-expanded') === 'true') item.setAttribute('aria-expanded', 'false');
    else await this.#unfold(item);
  }

  async #unfold(item: HTMLElement): Promise<void> {
    const database = item.dataset['database']!;
    const group = item.querySelector('ul')!;
    item.setAttribute('aria-expanded', 'true');
    if (item.dataset['loaded'] || item.ariaBusy === 'true') return;
    item.ariaBusy = 'true';
    fill(group, h('li', { role: 'none' }, loading('Loading containers')));
    try {
      const found = await this.#containers(database);
      found.sort((a, b) => a.id.localeCompare(b.id));
      const none = h('li', { role: 'none', class: 'hint row leaf' }, 'No containers in here');
      fill(group, ...(found.length ? found.map((one) => this.#container(database, one)) : [none]));
      item.dataset['loaded'] = 'yes';
    } catch (error) {
      fill(group, h('li', { role: 'none' }, alertOf(error)));
    } finally {
      item.ariaBusy = 'false';
    }
  }

  async #containers(database: string): Promise<ContainerDefinition[]> {
    const { client } = this.#session;
    if (!this.#only) return this.#session.all(database, client.database(database).containers.list());
    const { container } = this.#only;
    const read = await this.#session.run(`${database} / ${container}`, () => client.database(database).container(container).read());
    return [read.json()];
  }

  #key(event: KeyboardEvent): void {
    const item = (event.target as HTMLElement).closest<HTMLElement>('[role=treeitem]');
    if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
    const isDatabase = item.ariaExpanded !== null;
    const isOpen = item.ariaExpanded === 'true';
    const parent = item.parentElement!.closest<HTMLElement>('[role=treeitem]');
    const child = item.querySelector<HTMLElement>('[role=treeitem]');
    const actions: Record<string, () => unknown> = {
      'ArrowRight': () => (isDatabase && !isOpen ? this.#unfold(item) : child && this.#roving.focus(child)),
      'ArrowLeft': () => (isOpen ? item.setAttribute('aria-expanded', 'false') : parent && this.#roving.focus(parent)),
      'Enter': () => (isDatabase ? this.#toggle(item) : item.dispatchEvent(new Event('open'))),
    };
    const action = actions[event.key === ' ' ? 'Enter' : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

/** Something is on its way. */
export const loading = (what: string): HTMLElement => h('p', { class: 'loading', role: 'status' }, what, '…');
