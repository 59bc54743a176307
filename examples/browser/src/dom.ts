// Elements, made in one expression. Texts become text nodes: nothing that a container holds is ever taken for HTML.

export type Child = Node | string | number | false | null | undefined;
type Props = Record<string, unknown>;

/** An element. `onclick` and the like are listeners, names with a dash and `role` are attributes, all others are
 * properties. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'class') element.className = String(value);
    else if (name.includes('-') || name === 'role') element.setAttribute(name, String(value));
    else (element as unknown as Props)[name] = value;
  }
  fill(element, ...children);
  return element;
}

/** Replaces what is in an element. */
export function fill(element: Element, ...children: Child[]): void {
  const shown = children.filter((child) => child !== false && child !== null && child !== undefined);
  element.replaceChildren(...shown.map((child) => (child instanceof Node ? child : String(child))));
}

let fields = 0;

/** A control with its label above and, if there is one, a hint below, which is read out with it. */
export function field(label: string, control: HTMLElement, hint?: HTMLElement): HTMLElement {
  control.id = `field-${++fields}`;
  if (hint) {
    hint.id = `${control.id}-hint`;
    hint.classList.add('hint');
    control.setAttribute('aria-describedby', hint.id);
  }
  return h('div', { class: 'field' }, h('label', { htmlFor: control.id }, label), control, hint);
}

/** Of the elements that match, one is in the tab order; arrow keys, Home and End move among them. */
export function roving(container: HTMLElement, selector: string): { current(): HTMLElement | undefined; focus(element: HTMLElement): void } {
  const all = (): HTMLElement[] => [...container.querySelectorAll<HTMLElement>(selector)].filter((one) => one.offsetParent);
  const focus = (element: HTMLElement): void => {
    for (const one of container.querySelectorAll<HTMLElement>(selector)) one.tabIndex = one === element ? 0 : -1;
    element.focus();
  };
  container.addEventListener('keydown', (event) => {
    const list = all();
    const at = list.indexOf((event.target as HTMLElement).closest<HTMLElement>(selector)!);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    const next = at < 0 || to === undefined ? undefined : list[to];
    if (to !== undefined && at >= 0) event.preventDefault();
    if (next) focus(next);
  });
  return { current: () => all().find((one) => one.tabIndex === 0), focus };
}

/** 1.5, 12, 1 234: for people, with as many digits as they need. */
export const number = (value: number, digits = 2): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 100 ? digits : 0 }).replaceAll(',', '\u202f');

/** `1 row`, `2 rows`. */
export const count = (many: number, thing: string): string => `${number(many)} ${thing}${many === 1 ? '' : 's'}`;
