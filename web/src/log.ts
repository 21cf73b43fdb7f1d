// One room's log as this page holds it: entries in, messages out, by the numbers. Knows no socket, no store, no DOM.
import type { History, Message, Seq, ServerFrame } from "./protocol";

/** More entries than these are not held above a gap. */
const HELD = 1_000;

/** A numbered entry of a room's log; kinds that this page does not know only move the number. */
export type Entry = { type: string; room: string; seq: Seq };
type KnownEntry = Extract<ServerFrame, { type: "message" | "message_edited" | "message_deleted" }>;

/** The frame, if it is an entry of a log. */
export function entryOf(frame: { type: string; room?: unknown; seq?: unknown }): Entry | null {
  const numbered = typeof frame.room === "string" && typeof frame.seq === "number";
  const speaksOfOne = frame.type === "ack" || frame.type === "resumed" || frame.type === "reset";
  return numbered && !speaksOfOne ? (frame as Entry) : null;
}

/** What became of what came in: the entries that count now, in order, and whether something is missing before others. */
export type Taken = { applied: Entry[]; gap: boolean };

export class RoomLog {
  /** The number of the last entry that was applied. */
  last: Seq;
  /** A gapless stretch of the room's messages up to `last`, ascending; empty until loaded. */
  messages: Message[] = [];
  /** Whether the stretch reaches up to `last`. */
  loaded = false;
  /** Whether the room has messages before the first one here. */
  older = true;
  /** Entries above a gap, by number. */
  #held = new Map<Seq, Entry>();
  /** What was applied while pages of history were on their way: a page may be older or newer than the log. */
  #meanwhile: Entry[] = [];
  #pages = 0;

  constructor(last: Seq) {
    this.last = last;
  }

  take(entry: Entry): Taken {
    if (entry.seq <= this.last) return { applied: [], gap: false };
    if (this.#held.size >= HELD) this.#held.clear(); // the replay, which goes on from `last`, has them too
    this.#held.set(entry.seq, entry);
    return this.#drain();
  }

  /** The server has replayed everything up to `seq`. */
  resumed(seq: Seq): Taken {
    this.last = Math.max(this.last, seq);
    return this.#drain();
  }

  /** Too much is missing: what is here no longer reaches the end. Returns to a loaded log by a new first page. */
  reset(seq: Seq): void {
    this.last = seq;
    this.loaded = false;
    this.#held.clear();
  }

  /** Call before asking for a page of history; then one of the next three, when the answer is there or is not to come. */
  pageAsked(): void {
    this.#pages += 1;
  }

  pageFailed(): void {
    this.#pageDone();
  }

  /** The latest page: the log goes on from there. A gap means that entries known before are not on it. */
  firstPage(page: History): Taken {
    const known = this.last;
    const later = this.#meanwhile.filter((entry) => entry.seq > page.last_seq);
    this.messages = page.messages;
    this.older = page.has_more;
    this.loaded = true;
    this.last = page.last_seq;
    for (const entry of later) this.#held.set(entry.seq, entry);
    this.#pageDone();
    const { applied, gap } = this.#drain();
    return { applied: applied.filter((entry) => entry.seq > known), gap: gap || this.last < known };
  }

  /** A page of older messages, put before those that are here. */
  olderPage(page: History): void {
    const first = this.messages[0]?.seq ?? Infinity;
    const before = page.messages.filter((message) => message.seq < first);
    this.messages = [...before, ...this.messages];
    this.older = page.has_more;
    for (const entry of this.#meanwhile) if (entry.seq > page.last_seq) this.#change(entry);
    this.#pageDone();
  }

  /** Lets go of old messages, so that a room which is not open takes little room. */
  trim(most: number): void {
    if (this.#pages > 0 || this.messages.length <= most) return;
    this.messages = this.messages.slice(-most);
    this.older = true;
  }

  find(id: string): Message | undefined {
    return this.messages.findLast((message) => message.id === id);
  }

  #pageDone(): void {
    this.#pages -= 1;
    if (this.#pages === 0) this.#meanwhile = [];
  }

  #drain(): Taken {
    const applied: Entry[] = [];
    for (const seq of this.#held.keys()) if (seq <= this.last) this.#held.delete(seq);
    for (let next = this.#held.get(this.last + 1); next; next = this.#held.get(this.last + 1)) {
      this.#held.delete(next.seq);
      this.last = next.seq;
      if (this.#pages > 0) this.#meanwhile.push(next);
      if (this.loaded) this.#change(next);
      applied.push(next);
    }
    return { applied, gap: this.#held.size > 0 };
  }

  #change(entry: Entry): void {
    const known = entry as KnownEntry;
    if (known.type === "message") {
      const { type: _, ...message } = known;
      if (message.seq > (this.messages.at(-1)?.seq ?? 0)) this.messages.push(message);
    } else if (known.type === "message_edited") {
      this.#replace(known.message, (message) =>
        message.deleted || isLater(message.edited, known.edited)
          ? message
          : { ...message, text: known.text || message.text, edited: known.edited }, // empty: its deletion follows
      );
    } else if (known.type === "message_deleted") {
      this.#replace(known.message, (message) => ({ ...message, text: "", deleted: true }));
    }
  }

  #replace(id: string, change: (message: Message) => Message): void {
    const at = this.messages.findLastIndex((message) => message.id === id);
    if (at >= 0) this.messages[at] = change(this.messages[at]!);
  }
}

function isLater(one: string | null, other: string): boolean {
  return one !== null && Date.parse(one) > Date.parse(other);
}
