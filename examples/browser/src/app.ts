// The page: a form to connect, and then four panes. On a narrow screen one of them at a time.

import type { ContainerDefinition } from '@cosmosdb-driver/js';

import { Activity } from './activity.js';
import { connectPage, type Place } from './connect.js';
import { fill, h } from './dom.js';
import { ItemPane } from './item.js';
import { QueryPane } from './query.js';
import type { Session } from './session.js';
import { Tree } from './tree.js';

type View = 'tree' | 'query' | 'item' | 'activity';

const VIEWS: [View, string][] = [['tree', 'Databases'], ['query', 'Items'], ['item', 'Item'], ['activity', 'Requests']];

const root = h('div', { id: 'app' });
const status = h('p', { class: 'toast', role: 'status', 'aria-live': 'polite' });
document.body.append(root, status);
start();

let fading: ReturnType<typeof setTimeout> | undefined;

/** Tells what has happened, for a while on the screen too, unless it can be seen there anyway. */
function say(text: string, isSeen = false): void {
  status.textContent = text;
  status.className = isSeen ? 'sr' : 'toast';
  clearTimeout(fading);
  fading = setTimeout(() => (status.textContent = ''), 6000);
}

function start(): void {
  document.title = 'Data explorer';
  const activity = new Activity();
  const page = connectPage(activity.add, (session, only) => explore(session, only, activity));
  fill(root, page);
  page.querySelector('input')?.focus();
}

function explore(session: Session, only: Place | undefined, activity: Activity): void {
  document.title = `${session.account} – Data explorer`;
  const panes = h('main', { class: 'panes' });
  const tabs = VIEWS.map(([view, label]) => h('button', { type: 'button', onclick: () => show(view) }, label));
  const show = (view: View): void => {
    panes.dataset['view'] = view;
    tabs.forEach((tab, i) => tab.setAttribute('aria-pressed', String(VIEWS[i]![0] === view)));
    // On a narrow screen what had the focus may be hidden now.
    if (document.activeElement !== document.body && document.activeElement?.checkVisibility()) return;
    const heading = panes.querySelector<HTMLElement>(`.${view} h2`);
    if (heading) heading.tabIndex = -1;
    heading?.focus();
  };
  const item = new ItemPane(session, {
    created: () => void query.run(),
    changed: (id, key, text) => query.update(id, key, text),
    closed: () => {
      show('query');
      query.focusRow();
    },
    say,
  });
  const create = async (): Promise<void> => {
    show('item');
    await item.create();
  };
  const query = new QueryPane(session, (row) => {
    show('item');
    void item.open(row);
  }, () => void create());
  const open = async (database: string, definition: ContainerDefinition): Promise<void> => {
    if (!(await item.mayClose())) return;
    item.use(database, definition);
    const opened = query.open(database, definition);
    show('query');
    await opened;
  };
  const tree = new Tree(session, only, (database, definition) => void open(database, definition));
  const leave = async (): Promise<void> => {
    if (!(await item.mayClose())) return;
    removeEventListener('pagehide', forget);
    session.close();
    start();
    say('Disconnected; the credential is forgotten.');
  };
  // A page that the browser keeps for the way back must not keep the credential.
  const forget = (): void => {
    session.close();
    start();
  };
  addEventListener('pagehide', forget);
  const bar = h('header', { class: 'top' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), h('h1', {}, 'Data explorer'),
    h('span', { class: 'account', title: session.account }, session.account), h('span', { class: 'grow' }),
    h('button', { type: 'button', onclick: () => void leave() }, 'Disconnect'));
  fill(panes, tree.element, query.element, item.element, activity.element);
  fill(root, h('div', { class: 'app' }, bar, panes, h('nav', { class: 'tabs', 'aria-label': 'Panes' }, ...tabs)));
  show('tree');
  say(`Connected to ${session.account}`, true);
  void tree.load().then(() => tree.focus());
}
