// What every host of the web platform has.

import { fetchTransport, type Transport } from './transport.js';

/** Fetches the component that lies beside this file. */
export async function component(): Promise<BufferSource> {
  const answer = await fetch(new URL('driver.wasm', import.meta.url));
  if (!answer.ok) throw new Error(`cannot load the driver: ${answer.status} for ${answer.url}`);
  return answer.arrayBuffer();
}

/** Calls back when this turn of the event loop ends. */
export const soon = (callback: () => void): void => queueMicrotask(callback);

/** The transport where none is given. */
export const defaultTransport = (): { transport: Transport; close(): void } => ({
  transport: fetchTransport(),
  close() {},
});
