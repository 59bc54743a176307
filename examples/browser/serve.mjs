// `npm start`: serves `dist/` at http://127.0.0.1:8080, or at the port that PORT names.
//
// What matters to whoever serves the page otherwise: the types of the files and the two headers of `HEADERS`.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Where accounts are. Others, such as an emulator in the network: name them in EXPLORER_CONNECT. */
const ACCOUNTS = [
  ...['azure.com', 'azure.us', 'azure.cn'].map((cloud) => `https://*.documents.${cloud}:*`),
  ...['127.0.0.1', 'localhost'].flatMap((host) => [`http://${host}:*`, `https://${host}:*`]),
];

/** The page's own files and nothing else; requests to accounts and to nobody else; text never becomes code. */
const policy = (accounts) => [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "img-src 'self'",
  `connect-src 'self' ${accounts.join(' ')}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': policy([...ACCOUNTS, ...(process.env.EXPLORER_CONNECT?.split(/\s+/) ?? [])]),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
};

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
};

const FILES = ['index.html', 'app.js', 'app.js.map', 'style.css', 'style.css.map', 'icon.svg', 'driver.wasm'];

/** Serves the built page on this port of 127.0.0.1; 0 is any that is free. */
export async function serve(port) {
  const files = new Map();
  for (const name of FILES) {
    const bytes = gzipSync(await readFile(new URL(`dist/${name}`, import.meta.url)));
    files.set(`/${name}`, { bytes, type: TYPES[extname(name)] });
  }
  files.set('/', files.get('/index.html'));
  const server = createServer(({ method, url }, response) => {
    const file = method === 'GET' || method === 'HEAD' ? files.get(url?.split('?')[0]) : undefined;
    if (!file) return response.writeHead(404, HEADERS).end('There is no such file.\n');
    const own = { 'content-type': file.type, 'content-encoding': 'gzip', 'content-length': file.bytes.length };
    response.writeHead(200, { ...HEADERS, ...own }).end(method === 'GET' ? file.bytes : undefined);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(Number(process.env.PORT ?? 8080));
  console.log(`The data explorer is at ${url}`);
}
