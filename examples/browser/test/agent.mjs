// The steps of `hosts/cases` in a page: lines of JSON in, lines of JSON out. Argument: the Chromium.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const folder = fileURLToPath(new URL('..', import.meta.url));
const page = `
  import * as cosmos from '@cosmosdb-driver/js';
  import { agent } from '../node/test/agent/steps.mjs';
  globalThis.step = agent(cosmos);
`;
const bundle = await build({
  stdin: { contents: page, resolveDir: folder }, bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false,
});
const files = {
  '/': ['text/html', '<!doctype html><script type="module" src="/agent.js"></script>'],
  '/agent.js': ['text/javascript', bundle.outputFiles[0].contents],
  '/driver.wasm': ['application/wasm', await readFile(`${folder}/../node/dist/driver.wasm`)],
};
const server = http.createServer(({ url }, response) => {
  const [type, content] = files[url] ?? [];
  response.writeHead(type ? 200 : 404, { 'content-type': type ?? 'text/plain' }).end(content);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

// The simulated gateway does not speak CORS; what it takes is tested with the explorer.
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-web-security'];
const browser = await chromium.launch({ executablePath: process.argv[2], args: ARGUMENTS });
const tab = await browser.newPage();
await tab.goto(`http://127.0.0.1:${server.address().port}/`);
await tab.waitForFunction(() => 'step' in globalThis);
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await tab.evaluate((step) => globalThis.step(step), JSON.parse(line))));
}
await browser.close();
server.close();
