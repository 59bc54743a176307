// Questions. Escape answers no.

import { h, type Child } from './dom.js';

export interface Choice {
  label: string;
  value: string;
  class?: string;
}

/** Asks, and returns the value of the choice; none if it was closed. The choice without a value, which changes nothing, has
 * the focus. */
export function ask(title: string, content: Child[], choices: Choice[], kind = ''): Promise<string | undefined> {
  const buttons = choices.map(({ label, value, class: look = '' }) =>
    h('button', { type: 'button', class: look, onclick: () => dialog.close(value) }, label));
  const heading = h('h2', { id: 'dialog-title' }, title);
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', class: kind },
    heading, h('div', { class: 'dialog-body' }, ...content), h('div', { class: 'actions' }, ...buttons));
  document.body.append(dialog);
  dialog.showModal();
  buttons[choices.findIndex(({ value }) => !value)]?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue || undefined);
    });
  });
}

/** A line of two texts beside each other, and whether it is in both. */
interface Line {
  left?: string;
  right?: string;
}

/** More than this is not compared. */
const MOST_LINES = 1500;

/** Two texts line by line; lines that are in both stand beside each other. */
export function compared(left: string, right: string): HTMLElement {
  const [a, b] = [left.split('\n'), right.split('\n')];
  const lines = a.length + b.length > MOST_LINES ? plain(a, b) : longest(a, b);
  const cell = (text: string | undefined, isOther: boolean): HTMLElement =>
    h('td', { class: isOther ? 'changed' : '' }, isOther && text !== undefined ? h('mark', {}, text || ' ') : text ?? '');
  const rows = lines.map((line) => {
    const isOther = line.left !== line.right;
    return h('tr', {}, cell(line.left, isOther), cell(line.right, isOther));
  });
  const head = h('tr', {}, h('th', { scope: 'col' }, 'Yours'), h('th', { scope: 'col' }, 'In the container now'));
  return h('div', { class: 'compared', tabIndex: 0, role: 'region', 'aria-label': 'Both versions' },
    h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows)));
}

function plain(a: string[], b: string[]): Line[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => ({ left: a[i], right: b[i] }) as Line);
}

/** By the longest common subsequence; what went and what came in one place stand beside each other. */
function longest(a: string[], b: string[]): Line[] {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, right, both] = [lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!, lengths[(i + 1) * width + j + 1]!];
      lengths[i * width + j] = a[i] === b[j] ? both + 1 : Math.max(down, right);
    }
  }
  const lines: Line[] = [];
  let [gone, come]: [string[], string[]] = [[], []];
  const flush = (): void => {
    lines.push(...plain(gone, come));
    [gone, come] = [[], []];
  };
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      flush();
      lines.push({ left: a[i++]!, right: b[j++]! });
    } else if (j >= b.length || (i < a.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)) gone.push(a[i++]!);
    else come.push(b[j++]!);
  }
  flush();
  return lines;
}
