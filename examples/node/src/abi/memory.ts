// What the canonical ABI needs of an instance: its memory, as numbers, texts and lists.

import { readLatin, readText, writeLatin } from '#platform';

/** Bytes as they are, or a text that is written as UTF-8. The driver gives bytes. */
export type Bytes = Uint8Array | string;

/** Core functions speak numbers only. */
type CoreFunction = (...args: (number | bigint)[]) => number;

const encoder = new TextEncoder();

/** Texts up to this length are written letter by letter: a call to the codec costs more. */
const SHORT = 24;

/** The memory of one instance. */
export class Memory {
  readonly exports: Record<string, CoreFunction>;
  /** Of the last text or bytes that were written, in bytes. */
  length = 0;
  #memory: WebAssembly.Memory;
  #view: DataView;
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(exports: WebAssembly.Exports) {
    this.exports = exports as Record<string, CoreFunction>;
    this.#memory = exports['memory'] as WebAssembly.Memory;
    this.#view = new DataView(this.#memory.buffer);
    this.#bytes = new Uint8Array(this.#memory.buffer as ArrayBuffer);
  }

  /** This, for use after the guest has run: its memory may have grown, and moved. */
  current(): this {
    if (this.#view.buffer !== this.#memory.buffer) {
      this.#view = new DataView(this.#memory.buffer);
      this.#bytes = new Uint8Array(this.#memory.buffer as ArrayBuffer);
    }
    return this;
  }

  /** The result of a call to the guest. */
  settled(result: number): number {
    this.current();
    return result >>> 0;
  }

  /** Memory that whoever is called will own. */
  allocate(size: number, align: number): number {
    return this.settled(this.exports['cabi_realloc']!(0, 0, align, size));
  }

  u8 = (at: number): number => this.#bytes[at]!;
  u16 = (at: number): number => this.#view.getUint16(at, true);
  u32 = (at: number): number => this.#view.getUint32(at, true);
  /** Exact up to 2^53: what the driver tells in 64 bits are milliseconds. */
  u64 = (at: number): number => this.u32(at) + this.u32(at + 4) * 0x1_0000_0000;
  f64 = (at: number): number => this.#view.getFloat64(at, true);

  /** Of what is known to be a byte. */
  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Writes whether there is a value. */
  some<T>(at: number, value: T | undefined): value is NonNullable<T> {
    const is = value !== undefined && value !== null;
    this.setU8(at, is ? 1 : 0);
    return is;
  }

  setByte(at: number, value: number): void {
    this.setU8(at, whole(value, 0xff));
  }

  setU16(at: number, value: number): void {
    this.#view.setUint16(at, whole(value, 0xffff), true);
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, whole(value, 0xffff_ffff), true);
  }

  setU64(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(whole(value, Number.MAX_SAFE_INTEGER)), true);
  }

  setF64(at: number, value: number): void {
    if (typeof value !== 'number') throw new TypeError('expected a number');
    this.#view.setFloat64(at, value, true);
  }

  text(at: number): string {
    return this.slice(this.u32(at), this.u32(at + 4));
  }

  /** The text of so many bytes of UTF-8. */
  slice(at: number, length: number): string {
    return readText(this.#bytes, at, at + length);
  }

  /** A text with a letter for each byte. */
  latin(at: number, length: number): string {
    return readLatin(this.#bytes, at, at + length);
  }

  /** A copy. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(at, at + length);
  }

  bytes(at: number): Uint8Array {
    return this.copy(this.u32(at), this.u32(at + 4));
  }

  list<T>(at: number, size: number, lift: (at: number) => T): T[] {
    const list: T[] = [];
    const begin = this.u32(at);
    const end = begin + this.u32(at + 4) * size;
    for (let item = begin; item < end; item += size) list.push(lift(item));
    return list;
  }

  setText(at: number, text: string): void {
    this.#setSlice(at, this.newText(text));
  }

  /** Writes a byte for each letter. */
  setLatin(at: number, text: string): void {
    const begin = this.#room(text.length);
    writeLatin(this.#bytes, text, begin);
    this.#setSlice(at, begin);
  }

  setBytes(at: number, bytes: Bytes): void {
    this.#setSlice(at, this.newBytes(bytes));
  }

  setList<T>(at: number, list: readonly T[], size: number, align: number, lower: (value: T, at: number) => void): void {
    const begin = list.length ? this.allocate(list.length * size, align) : align;
    list.forEach((value, i) => lower(value, begin + i * size));
    this.length = list.length;
    this.#setSlice(at, begin);
  }

  #setSlice(at: number, begin: number): void {
    this.#view.setUint32(at, begin, true);
    this.#view.setUint32(at + 4, this.length, true);
  }

  /** Writes a text; `length` says how many bytes it became. */
  newText(text: string): number {
    if (typeof text !== 'string') throw new TypeError(`expected a string, not ${typeof text}`);
    const at = this.#room(text.length);
    if (text.length > SHORT) return this.#encode(text, at);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return this.#encode(text, at);
      this.#bytes[at + i] = code;
    }
    return at;
  }

  newBytes(bytes: Bytes): number {
    if (typeof bytes === 'string') return this.newText(bytes);
    if (!(bytes instanceof Uint8Array)) throw new TypeError('expected a Uint8Array');
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return at;
  }

  /** Encodes into memory for as many bytes as the text has letters, and into more if some letters need more. */
  #encode(text: string, at: number): number {
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(at, at + text.length));
    if (read === text.length) return at;
    const most = written + (text.length - read) * 3;
    const more = this.#resize(at, text.length, most);
    const rest = encoder.encodeInto(text.slice(read), this.#bytes.subarray(more + written, more + most));
    this.length = written + rest.written;
    // The guest frees exactly what it is told of.
    return this.#resize(more, most, this.length);
  }

  #resize(at: number, from: number, to: number): number {
    return this.settled(this.exports['cabi_realloc']!(at, from, 1, to));
  }

  #room(length: number): number {
    this.length = length;
    return length ? this.allocate(length, 1) : 1;
  }
}

function whole(value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new TypeError(`expected a whole number from 0 to ${most}`);
}

/** The discriminant of an enum or a variant. Errors: the name is not among them. */
export function indexOf(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index < 0) throw new TypeError(`expected one of ${names.join(', ')}, not ${String(name).slice(0, 64)}`);
  return index;
}
