// Pollables and clocks. A pollable is a flag: nothing here waits, whoever sets a flag calls `wake`.

/** What the guest can wait for. */
export interface Pollable {
  /** Whether waiting for it would end now. */
  ready(): boolean;
  /** The guest has let go of it. */
  drop?(): void;
}

/** Always ready: what is buffered already. */
export const READY: Pollable = { ready: () => true };

/** The host's timers, as far as they are used here: numbers in a browser, objects in Node. */
type Timer = ReturnType<typeof setTimeout> & { ref?(): void; unref?(): void };

const NANOS = 1_000_000;

/** The monotonic clock, in nanoseconds. */
export const now = (): number => Math.round(performance.now() * NANOS);

/** The timers of one instance. */
export class Clock {
  /** Sets the tasks going. */
  readonly #wake: () => void;
  readonly #alarms = new Set<Alarm>();
  #keepsAlive = false;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** A pollable that is ready at an instant of the monotonic clock. */
  at(instant: number): Pollable {
    if (instant <= now()) return READY;
    const alarm = new Alarm(instant, this.#wake, (gone) => this.#alarms.delete(gone));
    this.#alarms.add(alarm);
    alarm.keepAlive(this.#keepsAlive);
    return alarm;
  }

  /** Whether a timer may keep the process alive: only while somebody waits for a result. */
  keepAlive(yes: boolean): void {
    this.#keepsAlive = yes;
    for (const alarm of this.#alarms) alarm.keepAlive(yes);
  }
}

class Alarm implements Pollable {
  readonly #instant: number;
  readonly #forget: (gone: Alarm) => void;
  readonly #wake: () => void;
  #timer: Timer;

  constructor(instant: number, wake: () => void, forget: (gone: Alarm) => void) {
    this.#instant = instant;
    this.#forget = forget;
    this.#wake = wake;
    this.#timer = this.#set();
  }

  /** Timers may ring a little early by the other clock: then once more. */
  #set(): Timer {
    const ring = (): void => {
      if (this.ready()) this.#wake();
      else this.#timer = this.#set();
    };
    // Longer ones would ring at once; ringing early does no harm.
    const wait = Math.min((this.#instant - now()) / NANOS, 0x7fff_ffff);
    return setTimeout(ring, Math.ceil(wait)) as Timer;
  }

  ready(): boolean {
    return this.#instant <= now();
  }

  keepAlive(yes: boolean): void {
    if (yes) this.#timer.ref?.();
    else this.#timer.unref?.();
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#forget(this);
  }
}
