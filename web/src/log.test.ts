import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entryOf, RoomLog, type Entry, type Taken } from "./log";
import type { History, Message } from "./protocol";

const author = { id: "p1", name: "John", bot: false };
const at = (seq: number) => new Date(1_700_000_000_000 + seq * 1000).toISOString();
const said = (seq: number, text = `text ${seq}`): Entry & Message => ({
  type: "message", id: `m${seq}`, room: "r", seq, author, text, created: at(seq), edited: null, deleted: false,
});
const edited = (seq: number, message: string, text: string) => ({ type: "message_edited", room: "r", seq, message, text, edited: at(seq) });
const deleted = (seq: number, message: string) => ({ type: "message_deleted", room: "r", seq, message });
const plain = (entry: Entry & Message): Message => {
  const { type: _, ...message } = entry;
  return message;
};

function loaded(...messages: (Entry & Message)[]): RoomLog {
  const log = new RoomLog(0);
  log.pageAsked();
  log.firstPage({ messages: messages.map(plain), has_more: false, last_seq: messages.at(-1)?.seq ?? 0 });
  return log;
}
const texts = (log: RoomLog) => log.messages.map((message) => (message.deleted ? "-" : message.text));

describe("a room's log", () => {
  it("tells entries from what only speaks of numbers", () => {
    expect(entryOf(said(1))).not.toBeNull();
    expect(entryOf({ type: "something_new", room: "r", seq: 4 })).not.toBeNull();
    for (const type of ["ack", "resumed", "reset"]) expect(entryOf({ type, room: "r", seq: 4 })).toBeNull();
    expect(entryOf({ type: "read", room: "r" })).toBeNull();
  });
  it("drops what it has, the second time", () => {
    const log = loaded(said(1));
    expect(log.take(said(2)).applied).toHaveLength(1);
    expect(log.take(said(2))).toEqual({ applied: [], gap: false });
    expect(texts(log)).toEqual(["text 1", "text 2"]);
  });
  it("holds what comes too early and says that something is missing", () => {
    const log = loaded(said(1));
    expect(log.take(said(3))).toEqual({ applied: [], gap: true });
    expect(texts(log)).toEqual(["text 1"]);
    expect(log.take(said(2)).applied.map((entry) => entry.seq)).toEqual([2, 3]);
    expect(texts(log)).toEqual(["text 1", "text 2", "text 3"]);
  });
  it("holds a thousand above a gap and no more: the replay brings the others again", () => {
    const log = loaded(said(1));
    for (let seq = 3; seq <= 1003; seq++) expect(log.take(said(seq))).toEqual({ applied: [], gap: true });
    expect(log.take(said(2))).toEqual({ applied: [said(2)], gap: true });
    for (let seq = 3; seq <= 1002; seq++) log.take(said(seq));
    expect([log.last, log.resumed(1003).gap, log.messages.length]).toEqual([1003, false, 1003]);
  });
  it("lets a kind it does not know only move the number", () => {
    const log = loaded(said(1));
    log.take({ type: "reaction_added", room: "r", seq: 2 });
    expect([log.last, texts(log)]).toEqual([2, ["text 1"]]);
  });
  it("applies edits and deletions, and never an older edit over a newer one", () => {
    const log = loaded(said(1), said(2));
    log.take(edited(3, "m1", "new"));
    log.take(deleted(4, "m2"));
    const older = { ...edited(5, "m1", "older"), edited: at(2) };
    log.take(older);
    log.take(edited(6, "m2", "back from the dead"));
    expect(texts(log)).toEqual(["new", "-"]);
    expect(log.messages[1]!.text).toBe("");
  });
  it("leaves a message as it is when its replayed edit is empty, since the deletion follows", () => {
    const log = loaded(said(1));
    log.take(edited(2, "m1", ""));
    expect(texts(log)).toEqual(["text 1"]);
    log.take(deleted(3, "m1"));
    expect(texts(log)).toEqual(["-"]);
  });
  it("moves its number while nothing is loaded, and shows nothing", () => {
    const log = new RoomLog(7);
    expect(log.take(said(8)).applied).toHaveLength(1);
    expect([log.last, log.messages]).toEqual([8, []]);
  });
  it("keeps what arrived while the first page was on its way", () => {
    const log = new RoomLog(1);
    log.pageAsked();
    log.take(said(2));
    log.take(said(3));
    log.firstPage({ messages: [plain(said(1)), plain(said(2))], has_more: false, last_seq: 2 });
    expect([texts(log), log.last]).toEqual([["text 1", "text 2", "text 3"], 3]);
  });
  it("says that something is missing when the page is older than what it knew", () => {
    const log = new RoomLog(5);
    log.pageAsked();
    expect(log.firstPage({ messages: [plain(said(1))], has_more: false, last_seq: 1 }).gap).toBe(true);
  });
  it("applies to an older page the edits that came while it was on its way", () => {
    const log = loaded(said(5));
    log.pageAsked();
    log.take(edited(6, "m2", "new"));
    log.take(deleted(7, "m3"));
    log.olderPage({ messages: [plain(said(2)), plain(said(3))], has_more: true, last_seq: 5 });
    expect([texts(log), log.older]).toEqual([["new", "-", "text 5"], true]);
  });
  it("shows what it had after a reset, until the new page is there", () => {
    const log = loaded(said(1));
    log.reset(90);
    expect([log.loaded, texts(log), log.last]).toEqual([false, ["text 1"], 90]);
    log.pageAsked();
    log.firstPage({ messages: [plain(said(90))], has_more: true, last_seq: 90 });
    expect([log.loaded, texts(log)]).toEqual([true, ["text 90"]]);
  });
  it("forgets old messages when told, never the newest", () => {
    const log = loaded(said(1), said(2), said(3));
    log.trim(2);
    expect([texts(log), log.older]).toEqual([["text 2", "text 3"], true]);
  });
});

/** The room as a server has it: the truth that every schedule must end in. */
class Server {
  entries: Entry[] = [];
  get last() { return this.entries.length; }
  add(kind: number, of: number): void {
    const seq = this.last + 1;
    const messages = this.entries.filter((entry) => entry.type === "message");
    const target = messages.length ? (messages[of % messages.length] as Entry & Message) : undefined;
    const present = target && this.present().find((message) => message.id === target.id);
    if (kind === 1 && present && !present.deleted) this.entries.push(edited(seq, present.id, `edit ${seq}`));
    else if (kind === 2 && present && !present.deleted) this.entries.push(deleted(seq, present.id));
    else if (kind === 3) this.entries.push({ type: "unheard_of", room: "r", seq });
    else this.entries.push(said(seq));
  }
  present(): Message[] {
    const all = new Map<string, Message>();
    for (const entry of this.entries) {
      if (entry.type === "message") all.set((entry as Entry & Message).id, { ...plain(entry as Entry & Message) });
      const change = entry as ReturnType<typeof edited>;
      const message = all.get(change.message);
      if (message && entry.type === "message_edited") Object.assign(message, { text: change.text, edited: change.edited });
      if (message && entry.type === "message_deleted") Object.assign(message, { text: "", deleted: true });
    }
    return [...all.values()];
  }
  page(limit: number, before = Infinity): History {
    const all = this.present().filter((message) => message.seq < before);
    return { messages: all.slice(-limit), has_more: all.length > limit, last_seq: this.last };
  }
  replay(after: number): Entry[] {
    const present = new Map(this.present().map((message) => [message.id, message]));
    return this.entries.slice(after).map((entry) => {
      if (entry.type === "message") return { ...entry, ...present.get((entry as Entry & Message).id) };
      if (entry.type === "message_edited") return { ...entry, text: present.get((entry as ReturnType<typeof edited>).message)!.text };
      return entry;
    });
  }
}

const seen = { drop: 0, repeat: 0, reset: 0, swap: 0, lateFirst: 0, lateOlder: 0 };
type Step = [op: number, a: number, b: number];

/** Plays one schedule of entries, faults, pages and reconnections, and returns server and client at its end. */
function play(steps: Step[]): { server: Server; log: RoomLog } {
  const server = new Server();
  const log = new RoomLog(0);
  let wire: Entry[] = [];
  let asked: { page: History; older: boolean } | null = null;
  const resume = () => {
    wire = []; // live entries wait until after `resumed`
    if (log.last > server.last || server.last - log.last > 8) {
      seen.reset += 1;
      log.reset(server.last);
      return;
    }
    for (const entry of server.replay(log.last)) log.take(entry);
    log.resumed(server.last);
  };
  const check = ({ gap }: Taken) => gap && resume();
  const ask = (older: boolean) => {
    if (asked || (older && !log.loaded)) return;
    log.pageAsked();
    asked = { page: server.page(3, older ? log.messages[0]?.seq : undefined), older };
  };
  const answer = () => {
    if (!asked) return;
    const { page, older } = asked;
    asked = null;
    if (page.last_seq < server.last) seen[older ? "lateOlder" : "lateFirst"] += 1;
    if (older && !log.loaded) log.pageFailed();
    else if (older) log.olderPage(page);
    else check(log.firstPage(page));
  };
  const deliver = () => {
    const entry = wire.shift();
    if (entry) check(log.take(entry));
  };
  for (const [op, a, b] of steps) {
    if (op < 4) {
      server.add(a % 4, b);
      wire.push(server.entries.at(-1)!);
    } else if (op === 4) deliver();
    else if (op === 5 && wire.length) { seen.drop += 1; wire.splice(a % wire.length, 1); }
    else if (op === 6 && server.last) { seen.repeat += 1; wire.splice(b % (wire.length + 1), 0, server.entries[a % server.last]!); }
    else if (op === 7 && wire.length > 1) { seen.swap += 1; wire.push(wire.splice(a % wire.length, 1)[0]!); }
    else if (op === 8) resume();
    else if (op === 9) ask(!log.loaded ? false : a % 2 === 0);
    else if (op === 10) answer();
    else if (op === 11) log.trim(4);
  }
  answer();
  while (wire.length) deliver();
  resume();
  if (!log.loaded) { ask(false); answer(); }
  return { server, log };
}

describe("whatever the network does", () => {
  it("what the page holds equals a fresh load", () => {
    const step = fc.tuple(fc.nat(11), fc.nat(50), fc.nat(50)) as fc.Arbitrary<Step>;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const { server, log } = play(steps);
        const first = log.messages[0]?.seq ?? Infinity;
        const fresh = server.present().filter((message) => message.seq >= first);
        expect(log.last).toBe(server.last);
        expect(log.messages).toEqual(fresh);
        if (!log.older) expect(log.messages).toHaveLength(server.present().length);
      }),
      { numRuns: 2500 },
    );
    for (const [fault, times] of Object.entries(seen)) expect(times, fault).toBeGreaterThan(0);
  });
});
