// The one connection to the server: opens it, opens it again, says how it stands. Knows frames, but no room, no store, no DOM.
import type { ClientFrame, ServerFrame } from "./protocol";

export type Link =
  | { state: "connecting" }
  | { state: "live" }
  /** Down; the next try begins at `at` (milliseconds since 1970). `crowded`: the server has too many connections of this person. */
  | { state: "waiting"; at: number; crowded: boolean }
  /** The session is over, or the page closed it: no further try. */
  | { state: "ended" };

/** The little of a WebSocket that is used, so that tests can play one. */
export type Wire = {
  send(data: string): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
};

export type Events = {
  frame(frame: ServerFrame): void;
  link(link: Link): void;
  /** The server says that the session is over (4401). */
  loggedOut(): void;
  /** A connection ended before the server said hello: perhaps the session is over. */
  refused(): void;
};

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** An answer that is due and does not come within this time means that the line is dead. */
const PATIENCE = 10_000;

export class Connection {
  link: Link = { state: "ended" };
  #wire: Wire | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly open: () => Wire,
    private readonly events: Events,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    clearTimeout(this.#timer);
    this.#become({ state: "connecting" });
    const wire = this.open();
    this.#wire = wire;
    this.expect();
    wire.onmessage = ({ data }) => this.#received(wire, data);
    wire.onclose = ({ code }) => {
      if (this.#wire === wire) this.#lost(code);
    };
  }

  /** For good: the person leaves. */
  stop(): void {
    this.#drop();
    this.#become({ state: "ended" });
  }

  /** Tries at once, if down. */
  now(): void {
    if (this.link.state === "waiting") this.start();
  }

  /** The person is back at the page: tries at once, unless the server has too many connections of them. */
  woken(): void {
    if (this.link.state === "waiting" && !this.link.crowded) this.start();
  }

  /** The network went away or changed: a line that looks alive may be dead, so take a new one. */
  again(): void {
    if (this.link.state === "ended") return;
    this.#drop();
    this.start();
  }

  /** Sends a frame; false while not live. */
  send(frame: ClientFrame): boolean {
    if (this.link.state !== "live") return false;
    this.#wire?.send(JSON.stringify(frame));
    return true;
  }

  /** An answer is due: if no frame arrives in time, the line is taken for dead. */
  expect(): void {
    if (this.#watch !== undefined || !this.#wire) return;
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      this.#lost(1006);
    }, PATIENCE);
  }

  #received(wire: Wire, data: unknown): void {
    if (this.#wire !== wire || typeof data !== "string") return;
    this.#calm();
    const frame = JSON.parse(data) as ServerFrame;
    if (frame.type === "hello") {
      this.#failures = 0;
      this.#become({ state: "live" });
    }
    this.events.frame(frame);
  }

  #lost(code: number): void {
    const greeted = this.link.state === "live";
    this.#drop();
    if (code === 4401) {
      this.#become({ state: "ended" });
      this.events.loggedOut();
      return;
    }
    const pause = this.#pause(code, greeted);
    this.#become({ state: "waiting", at: Date.now() + pause, crowded: code === 4429 });
    this.#timer = setTimeout(() => this.start(), pause);
    if (!greeted) this.events.refused();
  }

  /** How long to wait: spread, so that not all pages of a server come back in the same moment. */
  #pause(code: number, greeted: boolean): number {
    if (code === 4408 && greeted) return 0;
    if (code === 1001) return this.random() * 2000;
    if (code === 4429) return LONGEST_PAUSE * (1 + this.random());
    const most = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures);
    this.#failures += 1;
    return most * (0.5 + this.random() / 2);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#calm();
    const wire = this.#wire;
    this.#wire = null;
    wire?.close();
  }

  #calm(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  #become(link: Link): void {
    this.link = link;
    this.events.link(link);
  }
}

/** Opens `/ws` of the origin the page came from. */
export function openWire(origin: Location = location): Wire {
  const scheme = origin.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(`${scheme}//${origin.host}/ws`) as unknown as Wire;
}
