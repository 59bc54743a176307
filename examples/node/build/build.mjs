// `npm run build`: the package in `dist/`, from the sources, the contract and the built component.
//
// The component is the one that `cargo xtask build` made, or the file that COSMOSDB_DRIVER_WASM names.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import { generate } from './abi.mjs';
import { coreModule } from './wasm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const workspace = join(root, '../..');
process.chdir(root);

const target = resolve(workspace, process.env.CARGO_TARGET_DIR || 'target');
const component = process.env.COSMOSDB_DRIVER_WASM ?? join(target, 'components', 'cosmosdb-driver.wasm');
if (!existsSync(component)) throw new Error(`there is no ${component}: \`cargo xtask build\` makes it`);

/** What rustc uses, which every engine has. */
const FEATURES = [
  'bulk-memory', 'bulk-memory-opt', 'sign-ext', 'mutable-globals', 'nontrapping-float-to-int', 'multivalue', 'reference-types',
];

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
mkdirSync('generated', { recursive: true });
const wit = ['types', 'driver'].map((name) => readFileSync(join(workspace, 'wit', `${name}.wit`), 'utf8'));
const abi = generate(wit.join('\n'));
writeFileSync('generated/abi.ts', abi);
/** Everything else is reached by the names in the generated code. */
const isNeeded = (name) => ['memory', 'cabi_realloc'].includes(name) || name.includes('#[dtor]') || abi.includes(`'${name}'`);
writeFileSync('dist/driver.wasm', smaller(coreModule(readFileSync(component), isNeeded)));
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
await build({
  entryPoints: { index: 'src/index.ts', platform: 'src/platform.ts', 'platform.node': 'src/platform.node.ts' },
  outdir: 'dist', bundle: true, format: 'esm', platform: 'neutral', target: 'es2022', minify: true, sourcemap: true,
  external: ['#platform', 'node:*'], logLevel: 'warning',
});

/** The module as binaryen would write it: 2 % less to load. Takes seconds, so the last result is kept. */
function smaller(module) {
  const name = createHash('sha256').update(module).digest('hex').slice(0, 16);
  const [before, made, after] = ['before', 'made', name].map((stem) => join('generated', `${stem}.wasm`));
  if (!existsSync(after)) {
    const outdated = readdirSync('generated').filter((file) => file.endsWith('.wasm'));
    for (const file of outdated) rmSync(join('generated', file));
    writeFileSync(before, module);
    const enabled = FEATURES.map((feature) => `--enable-${feature}`);
    execFileSync(process.execPath, ['node_modules/binaryen/bin/wasm-opt', ...enabled, '-O1', before, '-o', made]);
    renameSync(made, after);
  }
  return readFileSync(after);
}
