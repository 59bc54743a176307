// What was sent: the operations of this session, and the requests of the one that is looked at.

import { count, fill, h, number, roving } from './dom.js';
import type { Trace } from './session.js';
import { title, waterfall } from './waterfall.js';

/** Operations that are kept. */
const MOST = 100;

/** The pane at the bottom. */
export class Activity {
  readonly element: HTMLElement;
  /** Sums over the session. */
  readonly totals = h('span', { class: 'totals' }, '0 RU');
  readonly #list = h('ol', { class: 'traces', 'aria-label': 'Operations, the latest first' });
  readonly #detail = h('div', { class: 'trace', role: 'region', 'aria-label': 'Requests of the operation' });
  readonly #roving = roving(this.#list, 'button');
  #charge = 0;
  #requests = 0;
  /** Whether the latest operation is shown whenever there is a later one. */
  #follows = true;

  constructor() {
    const empty = h('div', { class: 'empty' }, h('strong', {}, 'Nothing was sent yet'), h('p', {}, 'Each operation appears here, with the requests that it took.'));
    fill(this.#detail, empty);
    const head = h('header', { class: 'bar' }, h('h2', {}, 'Requests'), h('span', { class: 'grow' }), this.totals);
    this.element = h('section', { class: 'pane activity', 'aria-label': 'Requests' }, head, h('div', { class: 'split' }, this.#list, this.#detail));
  }

  /** Notes an operation. */
  readonly add = (trace: Trace): void => {
    const { diagnostics } = trace;
    this.#charge += diagnostics.requestCharge;
    this.#requests += diagnostics.requestCount;
    this.totals.textContent = `${number(this.#charge)} RU in ${count(this.#requests, 'request')}`;
    const button = this.#button(trace);
    this.#list.prepend(h('li', {}, button));
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild?.remove();
    if (this.#follows) this.#show(button, trace);
  };

  #button(trace: Trace): HTMLButtonElement {
    const { diagnostics, target, status, failed } = trace;
    const { requestCount, requestCharge, durationMs, operationName } = diagnostics;
    const button = h('button', { type: 'button', 'aria-pressed': 'false', tabIndex: -1, class: failed ? 'is-failed' : '' },
      h('span', { class: 'what' }, h('b', {}, title(operationName)), h('span', { class: 'muted' }, target)),
      h('span', { class: 'figures' },
        h('span', { class: failed ? 'status bad' : 'status' }, String(status || 'no answer')),
        h('span', {}, `${number(requestCharge)} RU`),
        h('span', {}, `${number(durationMs, 1)} ms`),
        h('span', { class: requestCount > 1 ? 'many' : '' }, count(requestCount, 'request'))));
    button.addEventListener('click', () => {
      this.#roving.focus(button);
      this.#follows = button.parentElement === this.#list.firstElementChild;
      this.#show(button, trace);
    });
    return button;
  }

  #show(button: HTMLElement, trace: Trace): void {
    for (const one of this.#list.querySelectorAll('button')) {
      one.setAttribute('aria-pressed', String(one === button));
      if (!this.#list.contains(document.activeElement)) one.tabIndex = one === button ? 0 : -1;
    }
    fill(this.#detail, waterfall(trace));
  }
}
