// The steps on Node: lines of JSON in, lines of JSON out.

import { createInterface } from 'node:readline';

import * as cosmos from '@cosmosdb-driver/js';

import { agent } from './steps.mjs';

const step = agent(cosmos);
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await step(JSON.parse(line))));
}
