// `npm run build`: the page in `dist/`, from the sources and the package in `../node`, which must have been built.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const driver = '../node/dist/driver.wasm';
if (!existsSync(driver)) throw new Error(`there is no ${driver}: \`cargo xtask node\` makes it`);

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
await build({
  entryPoints: ['src/app.ts', 'src/style.css'],
  outdir: 'dist', bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, sourcemap: true,
  external: ['*.svg'], logLevel: 'warning',
});
// The package looks for the driver beside the module that it is bundled into.
cpSync(driver, 'dist/driver.wasm');
for (const file of ['index.html', 'icon.svg']) cpSync(`src/${file}`, `dist/${file}`);
