// Items: opened, changed, created, deleted; and what happens if somebody else is faster.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { openOrders, openPage, shot, useStage } from './page.mjs';

describe('items', () => {
  const stage = useStage();
  let items;
  before(() => void (items = stage.client.database('shop').container('orders').items));

  const editor = (page) => page.getByLabel('Document (JSON)');
  const price = (page, value) => editor(page).evaluate((element, value) => {
    element.value = element.value.replace(/"price": [\d.]+/, `"price": ${value}`);
    element.dispatchEvent(new Event('input'));
  }, value);

  /** Opens the `n`th item; returns it. */
  async function open(page, n) {
    await page.locator('.results button').nth(n).click();
    await editor(page).waitFor();
    return JSON.parse(await editor(page).inputValue());
  }

  const stored = async ({ id, customer }) => (await items.read(id, customer)).json();
  const writes = async () => (await stage.servers.requests('emulator')).filter(({ method, path }) => method !== 'GET' && path.includes('/docs/'));

  test('a change is saved under the etag that was read', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    const item = await open(page, 0);
    const row = page.locator('.results tbody tr').first();
    assert(await page.getByRole('button', { name: 'Save' }).isDisabled());
    const { _etag } = await stored(item);
    await price(page, 11.25);
    await stage.servers.requests('emulator');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText(`Saved ${item.id}`).waitFor();
    const [put, ...others] = await writes();
    assert.deepEqual([put.method, put.headers['if-match'], put.status, others.length], ['PUT', _etag, 200, 0]);
    assert.equal((await stored(item)).price, 11.25);
    assert.match(await row.textContent(), /"price":11.25/, 'the row is up to date');
    assert.deepEqual((await stage.servers.requests('emulator')).filter(({ method }) => method === 'POST'), [], 'without another query');
    assert(await page.getByRole('button', { name: 'Save' }).isDisabled());
    assert(!(await editor(page).inputValue()).includes('_etag'), 'what the service adds is not shown');
  });

  test('somebody else was faster: both versions are shown, and theirs can be taken', async (t) => {
    const page = await openPage(t, stage, { allowed: ['412'] });
    await openOrders(page, stage);
    const item = await open(page, 1);
    await items.patch(item.id, item.customer, [{ op: 'set', path: '/note', value: 'urgent' }]);
    await price(page, 1);
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else changed this item' });
    await dialog.waitFor();
    await shot(page, 'conflict');
    const changed = await dialog.locator('mark').allTextContents();
    assert(changed.some((line) => line.includes('"price": 1')) && changed.some((line) => line.includes('"note": "urgent"')), String(changed));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Keep editing');
    await page.keyboard.press('Escape');
    assert.match(await editor(page).inputValue(), /"price": 1,/, 'Escape keeps what was typed');
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Reload theirs' }).click();
    await page.getByText('Reloaded').waitFor();
    assert.deepEqual(JSON.parse(await editor(page).inputValue()), { ...item, note: 'urgent' });
    assert.equal((await stored(item)).price, item.price);
  });

  test('or theirs is overwritten, under the etag that was shown', async (t) => {
    const page = await openPage(t, stage, { allowed: ['412'] });
    await openOrders(page, stage);
    const item = await open(page, 2);
    await items.patch(item.id, item.customer, [{ op: 'set', path: '/note', value: 'urgent' }]);
    const { _etag } = await stored(item);
    await price(page, 2);
    await stage.servers.requests('emulator');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Overwrite with mine' }).click();
    await page.getByText(`Saved ${item.id}`).waitFor();
    const puts = await writes();
    assert.deepEqual(puts.map(({ status }) => status), [412, 200]);
    assert.equal(puts[1].headers['if-match'], _etag);
    const now = await stored(item);
    assert.deepEqual([now.price, now.note], [2, undefined]);
  });

  test('a new item is created, changed to nothing wrong, and deleted after a question', async (t) => {
    const page = await openPage(t, stage, { allowed: ['409'] });
    await openOrders(page, stage);
    await page.getByRole('button', { name: 'New item' }).click();
    const fresh = JSON.parse(await editor(page).inputValue());
    assert.deepEqual(Object.keys(fresh), ['id', 'customer']);
    await stage.servers.requests('emulator');
    await editor(page).fill('{"id": "new", ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This is no JSON').waitFor();
    await editor(page).fill('{"customer": "adatum"}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The item has no id').waitFor();
    assert.deepEqual(await writes(), [], 'nothing wrong was sent');
    const text = '{ "id": "new", "customer": "adatum", "big": 12345678901234567890, "small": 1.10 }';
    await editor(page).fill(text);
    const sending = page.waitForRequest((request) => request.method() === 'POST');
    await page.keyboard.press('Control+s');
    await page.getByText('Created new').waitFor();
    assert.equal((await sending).postData(), text, 'byte for byte');
    assert.equal((await stored({ id: 'new', customer: 'adatum' })).customer, 'adatum');
    await page.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete new?' });
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal((await stored({ id: 'new', customer: 'adatum' })).id, 'new', 'Enter alone deletes nothing');
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete item' }).click();
    await page.getByText('Deleted new').waitFor();
    await assert.rejects(stored({ id: 'new', customer: 'adatum' }), ({ kind }) => kind === 'not-found');
  });

  test('what is not saved is not lost without a question, and keys do not move', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    const item = await open(page, 3);
    await editor(page).fill(JSON.stringify({ ...item, customer: 'nobody' }));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The id and the partition key cannot change').waitFor();
    await page.locator('.results button').nth(4).click();
    const dialog = page.getByRole('dialog', { name: 'Discard your changes?' });
    await dialog.getByRole('button', { name: 'Keep editing' }).click();
    assert.equal(JSON.parse(await editor(page).inputValue()).customer, 'nobody');
    await editor(page).press('Escape');
    await dialog.getByRole('button', { name: 'Discard changes' }).click();
    await page.getByText('No item is open').waitFor();
  });
});
