// One contender in a process of its own: `node client.mjs <name> <account> <milliseconds>`. Prints a line of JSON.

import { contenders } from './contenders.mjs';

/** Operations of each kind before anything is measured. */
const WARM = 2000;

const [, , name, account, milliseconds] = process.argv;
const start = performance.now();
const operations = await contenders[name](JSON.parse(account));
await operations.read();
const results = { 'first read': performance.now() - start };
// Until the engine has compiled what is hot, however slow the machine is.
for (const run of Object.values(operations)) await times(WARM, run);
for (const [operation, run] of Object.entries(operations)) {
  for (const width of [1, 20]) {
    const measured = await measure(run, width, milliseconds);
    results[`${operation}, ${width} at once`] = measured.perSecond;
    results[`CPU of ${operation}, ${width} at once`] = measured.cpu;
  }
}
console.log(JSON.stringify(results));
process.exit();

async function times(count, run) {
  const worker = async () => {
    while (count-- > 0) await run();
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

async function measure(run, width, milliseconds) {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let count = 0;
  const worker = async () => {
    for (; performance.now() - begin < milliseconds; count++) await run();
  };
  await Promise.all(Array.from({ length: width }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count / (performance.now() - begin)) * 1000, cpu: (user + system) / count };
}
