// `npm run build`: the package in `dist/`, from the sources, the contract and the built component.
//
// The component is the one that `cargo xtask build` made, or the file that COSMOSDB_DRIVER_WASM names.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import { generate } from './abi.mjs';
import { coreModule } from './wasm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const workspace = join(root, '../..');
process.chdir(root);

const target = join(workspace, process.env.CARGO_TARGET_DIR || 'target');
const absolute = process.env.CARGO_TARGET_DIR?.startsWith('/') ? process.env.CARGO_TARGET_DIR : target;
const component = process.env.COSMOSDB_DRIVER_WASM ?? join(absolute, 'components', 'cosmosdb-driver.wasm');

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
mkdirSync('generated', { recursive: true });
const wit = ['types', 'driver'].map((name) => readFileSync(join(workspace, 'wit', `${name}.wit`), 'utf8'));
writeFileSync('generated/abi.ts', generate(wit.join('\n')));
writeFileSync('dist/driver.wasm', coreModule(readFileSync(component)));
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
await build({
  entryPoints: { index: 'src/index.ts', platform: 'src/platform.ts', 'platform.node': 'src/platform.node.ts' },
  outdir: 'dist', bundle: true, format: 'esm', platform: 'neutral', target: 'es2022', minify: true, keepNames: true, sourcemap: true,
  external: ['#platform', 'node:*'], logLevel: 'warning',
});
