// What one wrote and the server has not confirmed: kept in IndexedDB, sent in order, whatever happens to tab or line. Knows no DOM.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

/** A message on its way. `order` grows in the order of writing, over all tabs. */
export type Unconfirmed = {
  order?: number;
  id: string;
  person: string;
  room: string;
  text: string;
  created: number;
  state: "pending" | "failed";
  reason: string;
};

interface Schema extends DBSchema {
  outbox: { key: number; value: Unconfirmed; indexes: { id: string } };
}

/** Where unconfirmed messages survive. Without IndexedDB they live as long as the page. */
export class OutboxStore {
  #db: Promise<IDBPDatabase<Schema> | null>;
  constructor(name = "parlor") {
    this.#db = open(name).catch(() => null);
  }

  async add(message: Unconfirmed): Promise<void> {
    const order = await (await this.#db)?.add("outbox", { ...message }).catch(() => undefined);
    if (order !== undefined) message.order = order;
  }

  /** Writes the present state; one that is gone meanwhile (confirmed to another tab) stays gone. */
  async update(message: Unconfirmed): Promise<void> {
    const transaction = (await this.#db)?.transaction("outbox", "readwrite");
    const key = await transaction?.store.index("id").getKey(message.id);
    if (key !== undefined) await transaction?.store.put({ ...message, order: key });
  }

  async remove(id: string): Promise<void> {
    const transaction = (await this.#db)?.transaction("outbox", "readwrite");
    const key = await transaction?.store.index("id").getKey(id);
    if (key !== undefined) await transaction?.store.delete(key);
  }

  /** All of one person, in the order of writing; null where nothing can be kept. */
  async all(person: string): Promise<Unconfirmed[] | null> {
    const db = await this.#db;
    if (!db) return null;
    return (await db.getAll("outbox")).filter((message) => message.person === person);
  }

  async close(): Promise<void> {
    (await this.#db)?.close();
  }
}

async function open(name: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, 1, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "order", autoIncrement: true }).createIndex("id", "id", { unique: true });
    },
  });
}

/** Tells this person's other tabs that the store changed. */
export type Bell = { ring(): void; heard: (() => void) | null; close(): void };

export function tabBell(person: string): Bell {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`parlor outbox ${person}`);
  const bell: Bell = { ring: () => channel?.postMessage("changed"), heard: null, close: () => channel?.close() };
  if (channel) channel.onmessage = () => bell.heard?.();
  return bell;
}

/** Codes after which sending the same again can help. */
const PASSING = new Set(["rate_limited", "unavailable", "internal"]);
/** After this long without an answer a message is sent again, by whichever tab is there. */
const AGAIN = 10_000;

type Sending = { id: string; since: number };

export class Outbox {
  messages: Unconfirmed[] = [];
  /** The one message of each room that is on the line: the next goes out when it is confirmed, so that order is kept. */
  #sending = new Map<string, Sending>();
  /** Written in this tab. */
  #own = new Set<string>();
  /** Confirmed or discarded in this tab: a slow read of the store must not bring them back. */
  #done = new Set<string>();
  /** When this tab first saw another tab's message: the other one sends it, this one only if nothing happens. */
  #seenAt = new Map<string, number>();
  #timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly person: string,
    private readonly store: OutboxStore,
    private readonly bell: Bell,
    private readonly send: (message: Unconfirmed) => boolean,
    private readonly changed: () => void,
  ) {
    bell.heard = () => void this.load();
    this.#timer = setInterval(() => this.flush(), AGAIN / 2);
  }

  /** Reads what the store holds, other tabs' messages included. */
  async load(): Promise<void> {
    const stored = (await this.store.all(this.person))?.filter((message) => !this.#done.has(message.id));
    if (!stored) return;
    const unstored = this.messages.filter((message) => message.order === undefined && this.#own.has(message.id));
    const known = new Set(this.messages.map((message) => message.id));
    this.messages = [...stored, ...unstored.filter((message) => !stored.some(({ id }) => id === message.id))];
    for (const message of stored) if (!known.has(message.id)) this.#seenAt.set(message.id, Date.now());
    this.changed();
    this.flush();
  }

  async write(message: Pick<Unconfirmed, "id" | "room" | "text">): Promise<void> {
    const full: Unconfirmed = { ...message, person: this.person, created: Date.now(), state: "pending", reason: "" };
    this.#own.add(full.id);
    this.messages = [...this.messages, full];
    this.changed();
    await this.store.add(full);
    this.bell.ring();
    this.flush();
  }

  /** The line is new: whatever was on it may be lost, and everything is due again. */
  online(): void {
    this.#sending.clear();
    this.#seenAt.clear();
    this.flush();
  }

  /** Sends the first pending message of each room, where none is on the line. */
  flush(): void {
    const now = Date.now();
    const busy = new Set<string>();
    for (const message of this.messages) {
      if (message.state !== "pending" || busy.has(message.room)) continue;
      busy.add(message.room);
      const sending = this.#sending.get(message.room);
      if (sending?.id === message.id && now - sending.since < AGAIN) continue;
      const seen = this.#seenAt.get(message.id);
      if (seen !== undefined && now - seen < AGAIN) continue;
      if (this.send(message)) this.#sending.set(message.room, { id: message.id, since: now });
    }
  }

  /** The server has it: by `ack`, or because the message itself arrived. */
  async confirmed(id: string): Promise<boolean> {
    const message = this.messages.find((one) => one.id === id);
    if (!message) return false;
    this.#forget(message);
    this.flush();
    await this.store.remove(id);
    this.bell.ring();
    return true;
  }

  /** The server refused it. What passes is tried again after a while; the rest waits for the person. */
  async refused(id: string, code: string, reason: string, retryAfterMs: number | undefined): Promise<boolean> {
    const message = this.messages.find((one) => one.id === id);
    if (!message) return false;
    if (PASSING.has(code)) {
      const again = Date.now() + (retryAfterMs ?? 1000);
      this.#sending.set(message.room, { id, since: again - AGAIN });
      setTimeout(() => this.flush(), again - Date.now());
      return true;
    }
    await this.#change(message, { state: "failed", reason });
    return true;
  }

  async retry(id: string): Promise<void> {
    const message = this.messages.find((one) => one.id === id);
    if (message) await this.#change(message, { state: "pending", reason: "" });
  }

  async discard(id: string): Promise<void> {
    const message = this.messages.find((one) => one.id === id);
    if (message) this.#forget(message);
    await this.store.remove(id);
    this.bell.ring();
  }

  close(): void {
    clearInterval(this.#timer);
    this.bell.close();
  }

  async #change(message: Unconfirmed, change: Partial<Unconfirmed>): Promise<void> {
    const changed = { ...message, ...change };
    this.#sending.delete(message.room);
    this.#own.add(message.id);
    this.#seenAt.delete(message.id);
    this.messages = this.messages.map((one) => (one.id === message.id ? changed : one));
    this.changed();
    this.flush();
    await this.store.update(changed);
    this.bell.ring();
  }

  #forget(message: Unconfirmed): void {
    this.#done.add(message.id);
    this.messages = this.messages.filter((one) => one.id !== message.id);
    if (this.#sending.get(message.room)?.id === message.id) this.#sending.delete(message.room);
    this.changed();
  }
}
