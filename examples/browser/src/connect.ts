// The first page: which account, and with what credential.

import { alert, alertOf } from './advice.js';
import { field, fill, h } from './dom.js';
import { Session, type Trace } from './session.js';

/** What is known of a container before it is opened. */
export interface Place {
  database: string;
  container: string;
}

type Connected = (session: Session, only: Place | undefined) => void;

/** The form. With a resource token it asks for the container too: such a token sees nothing else. */
export function connectPage(onTrace: (trace: Trace) => void, connected: Connected): HTMLElement {
  const endpoint = h('input', { type: 'url', required: true, placeholder: 'https://my-account.documents.azure.com', autocomplete: 'url', spellcheck: false });
  const secret = h('input', { type: 'password', required: true, autocomplete: 'off', spellcheck: false });
  const database = h('input', { autocomplete: 'off', spellcheck: false });
  const container = h('input', { autocomplete: 'off', spellcheck: false });
  const secretField = field('Account key', secret);
  const place = h('div', { class: 'pair', hidden: true }, field('Database', database), field('Container', container));
  const [key, token] = [kind('key', 'Account key', true), kind('token', 'Resource token', false)];
  const warning = h('div', { class: 'note' });
  const problem = h('div', {});
  const submit = h('button', { type: 'submit', class: 'primary' }, 'Connect');

  const isToken = (): boolean => token.input.checked;
  const choose = (): void => {
    place.hidden = !isToken();
    database.required = container.required = isToken();
    secretField.querySelector('label')!.textContent = isToken() ? 'Resource token' : 'Account key';
    fill(warning, h('strong', {}, isToken() ? 'A token opens what it was issued for. ' : 'A key opens everything in the account. '), isToken()
      ? 'It stays in this page’s memory, is never stored, and is gone when you close the page.'
      : 'It stays in this page’s memory, is never stored, and is gone when you close the page. Use it only on a device that you trust; a resource token with few permissions is safer.');
  };
  for (const { input } of [key, token]) input.addEventListener('change', choose);
  choose();

  const connect = async (): Promise<void> => {
    const credential = isToken() ? { resourceToken: secret.value.trim() } : { key: secret.value.trim() };
    const only = isToken() ? { database: database.value.trim(), container: container.value.trim() } : undefined;
    const session = await Session.open({ endpoint: endpoint.value.trim(), ...credential }, onTrace);
    try {
      await check(session, only);
    } catch (error) {
      session.close();
      throw error;
    }
    secret.value = '';
    connected(session, only);
  };
  const onsubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!URL.canParse(endpoint.value.trim())) return fill(problem, alert('This is no endpoint', 'It begins with https:// and stands in the portal under Keys.'));
    busy(submit, true);
    fill(problem);
    try {
      await connect();
    } catch (error) {
      fill(problem, alertOf(error));
      secret.focus();
      secret.select();
    } finally {
      busy(submit, false);
    }
  };
  const kinds = h('fieldset', {}, h('legend', {}, 'Credential'), h('div', { class: 'segments' }, key.element, token.element));
  return h('main', { class: 'connect' },
    h('form', { class: 'card', onsubmit, noValidate: false, 'aria-labelledby': 'connect-title' },
      h('h1', { id: 'connect-title' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'Data explorer'),
      h('p', { class: 'muted' }, 'Browse, query and edit an Azure Cosmos DB account. This page talks to the account itself; there is no server in between.'),
      field('Endpoint', endpoint), kinds, secretField, place, warning, problem, submit));
}

/** One request or two that show whether the credential is right. */
async function check(session: Session, only: Place | undefined): Promise<void> {
  const { client, account } = session;
  if (!only) await session.run(account, () => client.databases.list({ maxItemCount: 1 }).nextPage());
  else await session.run(`${only.database} / ${only.container}`, () => client.database(only.database).container(only.container).read());
}

function kind(value: string, label: string, checked: boolean): { element: HTMLElement; input: HTMLInputElement } {
  const input = h('input', { type: 'radio', name: 'credential', value, checked });
  return { element: h('label', {}, input, h('span', {}, label)), input };
}

/** A button that works: it keeps the focus, and says so. */
export function busy(button: HTMLButtonElement, isBusy: boolean): void {
  button.setAttribute('aria-disabled', String(isBusy));
  button.classList.toggle('busy', isBusy);
}
