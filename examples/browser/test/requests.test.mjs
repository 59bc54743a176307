// What was sent, as the page shows it and as the servers saw it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { openOrders, openPage, shot, useStage } from './page.mjs';

describe('requests', () => {
  const stage = useStage();

  /** The rows of the waterfall: texts of cells, and where the bar lies, in per cent. */
  const shown = (page) => page.locator('.waterfall tbody tr:not(.why)').evaluateAll((rows) => rows.map((row) => {
    const [region, request, status] = [...row.cells].map((cell) => cell.textContent);
    const { left, width } = row.querySelector('.span').style;
    return { region, request, status, begin: parseFloat(left), end: parseFloat(left) + parseFloat(width) };
  }));

  test('a read that another region answers shows both, one after the other', async (t) => {
    const page = await openPage(t, stage, { allowed: ['ERR_EMPTY_RESPONSE'] });
    await openOrders(page, stage);
    await stage.servers.tell('offline East US');
    t.after(() => stage.servers.tell('online East US'));
    await stage.servers.requests('emulator');
    await page.locator('.results button').first().click();
    await page.getByLabel('Document (JSON)').waitFor();
    const seen = await stage.servers.requests('emulator');
    const regions = seen.filter(({ path }) => path.includes('/docs/')).map(({ region, status }) => `${region} ${status}`);
    // Chromium itself repeats a request whose connection was closed without an answer.
    assert.deepEqual([...new Set(regions)], ['East US 0', 'West US 200']);
    const [first, second, ...more] = await shown(page);
    assert.deepEqual([first.region, first.status, second.region, second.status, more.length], ['eastus', 'no answer', 'westus', '200', 0]);
    assert.match(second.request, /other region/);
    assert(first.begin === 0 && first.end <= second.begin + 0.5 && second.end > 99, JSON.stringify([first, second]));
    await page.getByText('Failed to fetch').waitFor();
    await shot(page, 'waterfall');
  });

  test('a throttled read shows each attempt, and the pause between them', async (t) => {
    const page = await openPage(t, stage, { allowed: ['429'] });
    await openOrders(page, stage);
    const headers = {
      'access-control-allow-origin': '*', 'access-control-expose-headers': '*', 'x-ms-retry-after-ms': '40', 'x-ms-request-charge': '0.5',
      'x-ms-substatus': '3200',
    };
    let refusals = 0;
    await page.route('**/docs/*', (route) => {
      if (route.request().method() !== 'GET' || refusals === 2) return route.fallback();
      refusals++;
      return route.fulfill({ status: 429, headers, body: '{"code":"429","message":"Request rate is large."}' });
    });
    await page.locator('.results button').first().click();
    await page.getByLabel('Document (JSON)').waitFor();
    const rows = await shown(page);
    assert.deepEqual(rows.map(({ status }) => status), ['429/3200', '429/3200', '200']);
    assert.deepEqual(rows.map(({ request }) => /retry/.test(request)), [false, true, true]);
    assert(rows[0].end < rows[1].begin && rows[1].end < rows[2].begin, JSON.stringify(rows));
    await page.getByRole('button', { name: 'Read item', exact: false }).first().getByText('3 requests').waitFor();
    await shot(page, 'waterfall-throttled');
  });

  test('charges add up to what the service has billed', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    const bills = await page.locator('.traces .figures span:nth-child(2)').allTextContents();
    const sum = bills.map((text) => parseFloat(text)).reduce((a, b) => a + b);
    const [, total] = /([\d.]+) RU in \d+ requests/.exec(await page.locator('.totals').textContent());
    assert(sum > 0 && Math.abs(sum - Number(total)) < 0.01, `${bills} ${total}`);
  });
});
