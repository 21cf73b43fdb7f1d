// How far one has read: marks the open room read while one looks at its end, and places the "New" line. Knows no socket.
import { markRead } from "./rooms/calls";
import type { OneRoom } from "./rooms/room.svelte";
import type { Seq } from "./protocol";

const PAUSE = 300;
const KEY = "parlor.new";

export class Reading {
  /** The number under which the open room's messages are old, or null: no line. It stays until the room is left. */
  newFrom = $state<Seq | null>(null);
  /** Whether the log shows its end. */
  atEnd = $state(true);
  /** Whether the person is at this page. */
  present = $state(true);
  #room: OneRoom | undefined;
  #unsaved = new Map<string, Seq>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A room was opened; after a reload of the page its line is where it was. */
  entered(room: OneRoom): void {
    const before = kept();
    this.#room = room;
    this.newFrom = room.unread > 0 ? room.readSeq + 1 : before?.room === room.id ? before.seq : null;
    this.atEnd = room.unread === 0; // else the log decides, once it is there
    this.#keep();
  }

  /** Somebody else's message is the newest of the open room; `first`: there was nothing unread before it. */
  arrived(seq: Seq, first: boolean): void {
    if (this.#attentive || !first) return;
    this.newFrom = seq;
    this.#keep();
  }

  /** Call whenever something changed that could mean that the room is read up to `last`. */
  look(last: Seq): void {
    const room = this.#room;
    if (!room?.member || !this.#attentive || last <= room.readSeq) return;
    this.read(room, last);
  }

  read(room: OneRoom, last: Seq): void {
    room.readTo(last);
    this.#unsaved.set(room.id, last);
    this.#timer ??= setTimeout(() => this.save(), PAUSE);
  }

  /** Tells the server; what it does not hear is told again with the next connection. */
  save(): void {
    this.#timer = undefined;
    for (const [room, seq] of this.#unsaved) {
      markRead(room, seq).then(
        () => this.#unsaved.get(room) === seq && this.#unsaved.delete(room),
        () => undefined,
      );
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  get #attentive(): boolean {
    return this.present && this.atEnd;
  }

  #keep(): void {
    try {
      if (this.#room && this.newFrom !== null) sessionStorage.setItem(KEY, JSON.stringify({ room: this.#room.id, seq: this.newFrom }));
      else sessionStorage.removeItem(KEY);
    } catch {
      // No storage: the line does not survive a reload.
    }
  }
}

function kept(): { room: string; seq: Seq } | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as { room: string; seq: Seq } | null;
  } catch {
    return null;
  }
}
