// `npm run size`: what a page has to load, in bytes. Fails if it has become more than it may be.

import { readFileSync } from 'node:fs';
import { gzipSync, brotliCompressSync } from 'node:zlib';

/** Of all parts with gzip. */
const MOST = 260_000;

const parts = { component: 'driver.wasm', 'glue and wrapper': 'index.js', 'platform (browser)': 'platform.js' };
const sums = [0, 0, 0];
for (const [name, file] of Object.entries(parts)) {
  const bytes = readFileSync(new URL(`../dist/${file}`, import.meta.url));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
  sizes.forEach((size, i) => (sums[i] += size));
  line(name, sizes);
}
line('total', sums);
if (sums[1] > MOST) throw new Error(`${sums[1]} bytes with gzip, and ${MOST} is the most`);

function line(name, [raw, gzip, brotli]) {
  console.log(`${name.padEnd(20)} ${String(raw).padStart(8)} raw ${String(gzip).padStart(8)} gzip ${String(brotli).padStart(8)} brotli`);
}
