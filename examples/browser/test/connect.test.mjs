// Connecting: with a key, with a wrong one, with a token, and what becomes of the credential.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { connect, openOrders, openPage, shot, useStage } from './page.mjs';

describe('connecting', () => {
  const stage = useStage();

  test('the files have the types and headers that the page needs', async () => {
    const page = await fetch(stage.url);
    assert.match(page.headers.get('content-type'), /^text\/html/);
    const policy = page.headers.get('content-security-policy');
    for (const part of ["default-src 'none'", "'wasm-unsafe-eval'", "require-trusted-types-for 'script'"]) assert(policy.includes(part), part);
    assert(!/unsafe-inline|'unsafe-eval'|connect-src[^;]*https:[ ;]/.test(policy), policy);
    const driver = await fetch(`${stage.url}driver.wasm`);
    assert.equal(driver.headers.get('content-type'), 'application/wasm');
    assert.equal((await fetch(`${stage.url}../package.json`)).status, 404);
  });

  test('a key opens the account, and appears nowhere', async (t) => {
    const page = await openPage(t, stage);
    await page.getByText('A key opens everything in the account').waitFor();
    await shot(page, 'connect');
    await stage.servers.requests('emulator');
    await connect(page, stage);
    await page.getByRole('treeitem', { name: 'shop' }).waitFor();
    const seen = await stage.servers.requests('emulator');
    assert.deepEqual(seen.map(({ method, path, status }) => `${method} ${path} ${status}`), ['GET / 200', 'GET /dbs 200', 'GET /dbs 200']);
    assert(seen.every(({ headers }) => headers.origin === stage.url.slice(0, -1)), 'the page itself sent them');
    const kept = await page.evaluate(async () => ({
      html: document.documentElement.outerHTML,
      values: [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
      storage: JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches.keys()]),
      globals: Object.values(window).filter((value) => typeof value === 'string'),
      history: JSON.stringify(history.state),
    }));
    const everything = JSON.stringify([kept, page.url(), await page.title(), page.said, seen]);
    for (const secret of [stage.key, encodeURIComponent(stage.key), stage.key.slice(0, 20)]) assert(!everything.includes(secret));
    assert.deepEqual(JSON.parse(kept.storage), [{}, {}, '', [], []]);
  });

  test('a wrong key is refused with advice, and the next one may be right', async (t) => {
    const page = await openPage(t, stage, { allowed: ['401'] });
    const wrong = stage.key.replace(/^.{8}/, 'QUJDREVG');
    await connect(page, { ...stage, key: wrong });
    const alert = page.getByRole('alert');
    await alert.getByText('The account refused the credential').waitFor();
    assert.match(await alert.textContent(), /Copy the key again/);
    assert(!(await page.content()).includes(wrong));
    await shot(page, 'connect-wrong-key');
    await page.getByLabel('Account key', { exact: true }).last().fill(stage.key);
    await page.keyboard.press('Enter');
    await page.getByRole('treeitem', { name: 'shop' }).waitFor();
  });

  test('what is no key, and an account that does not answer, are told apart', async (t) => {
    const page = await openPage(t, stage, { allowed: ['ERR_CONNECTION_REFUSED'] });
    await stage.servers.requests('emulator');
    await connect(page, { ...stage, key: 'not base64!' });
    await page.getByRole('alert').waitFor();
    assert.deepEqual(await stage.servers.requests('emulator'), [], 'nothing was sent');
    await connect(page, { endpoint: stage.servers.refused.endpoint, key: stage.key });
    await page.getByText('No answer from the account').waitFor();
    assert.match(await page.getByRole('alert').textContent(), /Check the endpoint .*CORS/);
  });

  test('a resource token opens one container', async (t) => {
    const token = 'type=resource&ver=1&sig=c2VjcmV0';
    await stage.servers.tell(`accept ${token}`);
    const page = await openPage(t, stage);
    await page.getByLabel('Endpoint').fill(stage.endpoint);
    await page.getByRole('radio', { name: 'Resource token' }).check();
    await page.getByLabel('Resource token', { exact: true }).last().fill(token);
    await page.getByLabel('Database').fill('shop');
    await page.getByLabel('Container').fill('orders');
    await stage.servers.requests('emulator');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByRole('treeitem', { name: 'orders' }).click();
    await page.getByText(/^Page 1: 25 rows/).waitFor();
    const paths = (await stage.servers.requests('emulator')).map(({ path }) => path);
    assert(!paths.includes('/dbs') && !paths.includes('/dbs/shop/colls'), 'a token must not list anything');
  });

  test('disconnecting forgets everything and begins anew', async (t) => {
    const page = await openPage(t, stage);
    await openOrders(page, stage);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('heading', { name: 'Data explorer' }).waitFor();
    assert.equal(await page.getByLabel('Account key', { exact: true }).last().inputValue(), '');
    assert.equal(await page.getByRole('treeitem').count(), 0);
  });
});
