// What every host of the web platform has.

import { fetchTransport, type Transport } from './transport.js';

/** Fetches the component that lies beside this file. */
export async function component(): Promise<BufferSource> {
  const answer = await fetch(new URL('driver.wasm', import.meta.url));
  if (!answer.ok) throw new Error(`cannot load the driver: ${answer.status} for ${answer.url}`);
  return answer.arrayBuffer();
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Texts up to this length are read letter by letter: a call to the codec costs more. */
const SHORT = 24;

/** The text of a part of `bytes` that is UTF-8. */
export function readText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from <= SHORT && bytes.subarray(from, to).every((byte) => byte < 128)) return readLatin(bytes, from, to);
  return decoder.decode(bytes.subarray(from, to));
}

/** A text with a letter for each byte. */
export function readLatin(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Writes a byte for each letter. */
export function writeLatin(bytes: Uint8Array, text: string, at: number): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** Calls back when this turn of the event loop ends. */
export const soon = (callback: () => void): void => queueMicrotask(callback);

/** The transport where none is given. */
export const defaultTransport = (): { transport: Transport; close(): void } => ({
  transport: fetchTransport(),
  close() {},
});
