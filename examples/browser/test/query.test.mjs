// Queries, page by page, over the four ranges of a container.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openOrders, openPage, shot, useStage } from './page.mjs';

describe('queries', () => {
  const stage = useStage();

  const ids = (page) => page.locator('.results tbody tr td:first-child').allTextContents();
  const posts = async () => (await stage.servers.requests('emulator')).filter(({ method, path }) => method === 'POST' && path.endsWith('/docs'));
  const run = async (page, text) => {
    await page.getByLabel('Query', { exact: true }).last().fill(text);
    await page.keyboard.press('Control+Enter');
  };

  test('pages come one by one, each when it is asked for, and can be gone back to', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    await page.getByLabel('Page size').selectOption('100');
    await stage.servers.requests('emulator');
    await run(page, 'SELECT * FROM c ORDER BY c.id');
    await page.getByText(/^Page 1.*90 rows/).waitFor();
    const all = await ids(page);
    assert.deepEqual(all, [...all].sort());
    assert.equal(new Set((await posts()).map(({ headers }) => headers['x-ms-documentdb-partitionkeyrangeid']).filter(Boolean)).size, 4);

    await page.getByLabel('Page size').selectOption('25');
    await run(page, 'SELECT * FROM c ORDER BY c.id');
    await page.getByText(/^Page 1: 25 rows/).waitFor();
    const pages = [await ids(page)];
    for (const number of [2, 3, 4]) {
      await page.getByRole('button', { name: 'Next page' }).click();
      await page.getByText(new RegExp(`^Page ${number}\\b`)).waitFor();
      pages.push(await ids(page));
    }
    await page.getByText(/^Page 4, the last one: 15 rows/).waitFor();
    assert.deepEqual(pages.flat(), all);
    assert(await page.getByRole('button', { name: 'Next page' }).isDisabled());
    assert.equal(await page.evaluate(() => document.activeElement.textContent), pages[3][0], 'the focus is with the rows');
    await stage.servers.requests('emulator');
    await page.getByRole('button', { name: 'Previous page' }).click();
    assert.deepEqual(await ids(page), pages[2]);
    assert.deepEqual(await posts(), [], 'going back sends nothing');
    await shot(page, 'query');
  });

  test('parameters are what they look like, and a key narrows the query to its range', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    for (const [at, name, value, kind] of [[1, '@most', '20', 'number'], [2, 'item', 'Anvil', 'text']]) {
      await page.getByRole('button', { name: 'Add parameter' }).click();
      await page.getByLabel(`Name of parameter ${at}`).fill(name);
      await page.getByLabel(`Value of parameter ${at}`).fill(value);
      assert.equal(await page.locator('.parameter .tag').nth(at - 1).textContent(), kind);
    }
    await page.getByLabel('Partition key').fill('adatum');
    await page.getByText('One partition, by text').waitFor();
    await stage.servers.requests('emulator');
    await run(page, 'SELECT * FROM c WHERE c.price < @most AND c.item = @item');
    await page.getByText(/^Page 1, the last one: \d row/).waitFor();
    const rows = await page.locator('.results tbody tr').allTextContents();
    assert(rows.length > 0 && rows.every((row) => row.includes('adatum') && row.includes('Anvil')), String(rows));
    const sent = await posts();
    assert.deepEqual(sent.map(({ headers }) => headers['x-ms-documentdb-partitionkey']), ['["adatum"]']);
    await shot(page, 'query-parameters');
  });

  test('rows that are no items are shown, and what finds nothing says so', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    await run(page, 'SELECT c.id, c.price FROM c WHERE c.item = \'Bolt\' ORDER BY c.id');
    await page.getByText('"id": "order-001"').waitFor();
    await page.locator('.results button').first().click();
    assert(await page.getByLabel('Document (JSON)').evaluate((editor) => editor.readOnly));
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    await run(page, 'SELECT * FROM c WHERE c.item = \'Zebra\'');
    await page.getByText('The query finds nothing here').waitFor();
    await shot(page, 'query-nothing');
  });

  test('a query that is wrong is told with what the service says, and stays to be corrected', async (t) => {
    const page = await openPage(t, stage, { allowed: ['400'] });
    await openOrders(page, stage);
    await run(page, 'SELEKT * FROM c');
    const alert = page.getByRole('alert');
    await alert.getByText('The service does not understand this').waitFor();
    assert.equal(await page.getByLabel('Query', { exact: true }).last().inputValue(), 'SELEKT * FROM c');
    await shot(page, 'query-wrong');
    await run(page, 'SELECT * FROM c');
    await page.getByText(/^Page 1: 25 rows/).waitFor();
    assert.equal(await alert.count(), 0);
  });

  test('a query that is stopped ends, and the next one runs', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    let held;
    const arrived = new Promise((resolve) => {
      void page.route('**/docs', (route) => {
        held = route;
        resolve();
      }, { times: 1 });
    });
    await run(page, 'SELECT * FROM c');
    await arrived;
    assert.equal(await page.locator('.results').textContent(), 'Running…');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alert').getByText('Stopped').waitFor();
    await held.abort().catch(() => {});
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText(/^Page 1: 25 rows/).waitFor();
  });
});
