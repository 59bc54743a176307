// The page in headless Chromium, against the emulator in a process of its own. No request leaves this machine.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { openClient, startServers } from '../../node/test/servers.mjs';
import { serve } from '../serve.mjs';

const REGIONS = ['East US', 'West US'];
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Where the screenshots of the last run are. */
const results = fileURLToPath(new URL('../test-results/', import.meta.url));
mkdirSync(results, { recursive: true });

/** A stage for all tests of a suite; what it has is there when they run. */
export function useStage() {
  const [stage, ends] = [{}, []];
  before(async () => void Object.assign(stage, await startStage({ after: (end) => ends.push(end) })));
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return stage;
}

/** An account with data, the served page, and a browser. */
async function startStage(t) {
  const servers = await startServers(t, ...REGIONS);
  const { server, url } = await serve(0);
  t.after(() => server.close());
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
  t.after(() => browser.close());
  const client = await openClient(t, servers.emulator);
  await stock(client);
  return { servers, url, browser, client, ...servers.emulator };
}

/** Ninety orders of nine customers in `shop`, over the four ranges of the container. */
async function stock(client) {
  await client.databases.create('shop');
  await client.databases.create('archive');
  const { containers } = client.database('shop');
  for (const [id, path] of [['orders', '/customer'], ['customers', '/id']]) {
    await containers.create({ id, partitionKey: { paths: [path], kind: 'Hash', version: 2 } });
  }
  const { items } = client.database('shop').container('orders');
  const orders = Array.from({ length: 90 }, (_, i) => order(i));
  await Promise.all(orders.map((item) => items.create(item.customer, item)));
}

const CUSTOMERS = ['adatum', 'contoso', 'fabrikam', 'lamna', 'litware', 'northwind', 'proseware', 'tailspin', 'wingtip'];
const GOODS = ['Anvil', 'Bolt', 'Cable', 'Drill', 'Easel', 'Funnel'];

function order(i) {
  const [customer, name] = [CUSTOMERS[i % 9], GOODS[i % 6]];
  return { id: `order-${String(i).padStart(3, '0')}`, customer, item: name, price: (i * 37) % 100 + 0.5, quantity: (i % 4) + 1, shipped: i % 3 === 0 };
}

/** A fresh page, with nothing kept from others. It must not log errors, or the tests say which it may. */
export async function openPage(t, { browser, url }, { viewport = WIDE, colorScheme = 'light', allowed = [] } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.stack}`));
  await page.goto(url);
  t.after(async () => {
    await context.close();
    const errors = said.filter((line) => line.startsWith('error') && !allowed.some((part) => line.includes(part)));
    assert.deepEqual(errors, []);
  });
  return Object.assign(page, { said });
}

/** Fills the form and sends it. */
export async function connect(page, { endpoint, key }) {
  await page.getByLabel('Endpoint').fill(endpoint);
  await page.getByLabel('Account key', { exact: true }).last().fill(key);
  await page.getByRole('button', { name: 'Connect' }).click();
}

/** From the form to the items of `shop / orders`. */
export async function openOrders(page, stage) {
  await connect(page, stage);
  await page.getByRole('treeitem', { name: 'shop' }).locator('.row').first().click();
  await page.getByRole('treeitem', { name: 'orders' }).click();
  await page.getByText(/^Page 1/).waitFor();
}

export const shot = (page, name) => page.screenshot({ path: `${results}${name}.png` });
