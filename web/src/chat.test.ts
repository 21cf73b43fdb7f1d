import { IDBFactory } from "fake-indexeddb";
import { flushSync } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "./chat.svelte";
import type { Message, Room } from "./protocol";
import type { Wire } from "./socket";

const carlos = { id: "p1", username: "carlos", name: "Carlos" };
const john = { id: "p2", username: "john", name: "John" };
const room = (id: string, more: Partial<Room> = {}): Room => ({ id, name: id, kind: "public", topic: "", member: true, last_seq: 0, read_seq: 0, unread: 0, ...more });
const said = (where: string, seq: number, text: string, by = john, more: Partial<Message> = {}): Message => ({
  id: `${where}${seq}`, room: where, seq, author: { id: by.id, name: by.name, bot: false }, text, created: new Date(seq * 1000).toISOString(), edited: null, deleted: false, ...more,
});

class FakeWire implements Wire {
  sent: Record<string, unknown>[] = [];
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  send(data: string) { this.sent.push(JSON.parse(data) as Record<string, unknown>); }
  close() { /* nothing to close */ }
  of(type: string) { return this.sent.filter((frame) => frame.type === type); }
}

let wires: FakeWire[];
let pages: Record<string, { messages: Message[]; has_more?: boolean; last_seq: number }>;
let asked: string[];
let listed: Room[];
let ended: string[];
let chat: Chat;
const wire = () => wires.at(-1)!;
const hears = (frame: object) => wire().onmessage!({ data: JSON.stringify(frame) });
const hello = (...rooms: Room[]) => hears({ type: "hello", protocol: 1, user: carlos, rooms });
const settle = async () => {
  for (let i = 0; i < 8; i++) await new Promise((done) => setTimeout(done, 0));
  await new Promise((done) => setTimeout(done, 20));
  flushSync();
};
const texts = () => chat.timeline!.messages.map((message) => (message.deleted ? "-" : message.text));

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  localStorage.clear();
  sessionStorage.clear();
  [wires, pages, asked, listed, ended] = [[], {}, [], [], []];
  vi.stubGlobal("fetch", vi.fn(async (path: string, init: RequestInit) => {
    asked.push(`${init.method} ${path}${typeof init.body === "string" ? ` ${init.body}` : ""}`);
    const json = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
    const history = /rooms\/([^/]+)\/messages/.exec(path);
    if (history) return json({ has_more: false, ...pages[history[1]!] });
    if (path === "/api/rooms") return json(listed);
    if (path === "/api/users") return json([carlos, john]);
    if (path === "/api/commands") return json({ commands: [] });
    return new Response(null, { status: 204 });
  }));
  const open = () => {
    const made = new FakeWire();
    wires.push(made);
    return made;
  };
  chat = new Chat(carlos, { loggedOut: () => ended.push("out"), refused: () => ended.push("refused") }, "", open);
  await chat.start();
});
afterEach(() => {
  chat.close();
  vi.unstubAllGlobals();
});

describe("the chat", () => {
  it("opens general at first, with its messages, and marks it read while one looks at it", async () => {
    pages.general = { messages: [said("general", 1, "hello")], last_seq: 1 };
    hello(room("aaa"), room("general", { last_seq: 1, unread: 0 }));
    await settle();
    expect([chat.rooms.open?.name, texts()]).toEqual(["general", ["hello"]]);
    hears({ type: "message", ...said("general", 2, "live") });
    await new Promise((done) => setTimeout(done, 350));
    expect([texts(), chat.rooms.open!.unread]).toEqual([["hello", "live"], 0]);
    expect(asked).toContain('PUT /api/rooms/general/read {"seq":2}');
  });
  it("opens the room of the address, or the one of last time", async () => {
    hello(room("aaa"), room("general"));
    chat.open("aaa");
    chat.close();
    const again = new Chat(carlos, { loggedOut: () => undefined, refused: () => undefined }, "", () => { const made = new FakeWire(); wires.push(made); return made; });
    await again.start();
    hello(room("aaa"), room("general"));
    expect(again.rooms.openId).toBe("aaa");
    again.close();
  });
  it("counts what is new in other rooms, not one's own, and places the New line on entering", async () => {
    pages.other = { messages: [said("other", 1, "a"), said("other", 2, "b", carlos), said("other", 3, "c")], last_seq: 3 };
    hello(room("general"), room("other", { last_seq: 1, unread: 1 }));
    hears({ type: "message", ...said("other", 2, "b", carlos) });
    hears({ type: "message", ...said("other", 3, "c") });
    expect([chat.rooms.find("other")!.unread, chat.rooms.unread]).toEqual([2, 2]);
    chat.open("other");
    expect(chat.reading.newFrom).toBe(1);
  });
  it("asks for what is missing, once, and takes it in", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"));
    await settle();
    hears({ type: "message", ...said("general", 3, "c") });
    hears({ type: "message", ...said("general", 4, "d") });
    expect(wire().of("resume")).toEqual([{ type: "resume", rooms: { general: 0 } }]);
    for (const [seq, text] of [[1, "a"], [2, "b"], [3, "c"], [4, "d"]] as const) hears({ type: "message", ...said("general", seq, text) });
    hears({ type: "resumed", room: "general", seq: 4 });
    await settle();
    expect(texts()).toEqual(["a", "b", "c", "d"]);
  });
  it("asks again, when the time has come, for what was refused, and says nothing of it", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"), room("other"), room("left"));
    await settle();
    for (const where of ["general", "other", "left"]) hears({ type: "message", ...said(where, 2, "b") });
    hears({ type: "resumed", room: "other", seq: 2 });
    hears({ type: "room_gone", room: "left" });
    hears({ type: "error", id: null, code: "rate_limited", message: "Too much.", retry_after_ms: 100 });
    hears({ type: "message", ...said("general", 3, "c") });
    await settle();
    expect([wire().of("resume").length, chat.commands.notes]).toEqual([3, []]);
    await new Promise((done) => setTimeout(done, 100));
    expect(wire().of("resume").slice(3)).toEqual([{ type: "resume", rooms: { general: 0 } }]);
    for (const [seq, text] of [[1, "a"], [2, "b"], [3, "c"]] as const) hears({ type: "message", ...said("general", seq, text) });
    hears({ type: "resumed", room: "general", seq: 3 });
    await settle();
    expect(texts()).toEqual(["a", "b", "c"]);
  });
  it("asks in a new connection by what its hello says, not by what the old one refused", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"));
    await settle();
    hears({ type: "message", ...said("general", 2, "b") });
    hears({ type: "error", id: null, code: "rate_limited", message: "Too much.", retry_after_ms: 50 });
    chat.connection.again();
    hello(room("general", { last_seq: 2 }));
    await new Promise((done) => setTimeout(done, 100));
    expect(wire().of("resume")).toEqual([{ type: "resume", rooms: { general: 0 } }]);
  });
  it("asks anew in a room one was taken out of while it waited, and given back", () => {
    hello(room("general"), room("other"));
    hears({ type: "message", ...said("other", 2, "b") });
    hears({ type: "room_gone", room: "other" });
    hears({ type: "room_joined", room: room("other", { last_seq: 5 }) });
    hears({ type: "message", ...said("other", 7, "g") });
    expect(wire().of("resume").map((frame) => frame.rooms)).toEqual([{ other: 0 }, { other: 5 }]);
  });
  it("resumes from what it has after a lost connection: edits, deletions and all", async () => {
    pages.general = { messages: [said("general", 1, "a"), said("general", 2, "b")], last_seq: 2 };
    hello(room("general", { last_seq: 2 }));
    await settle();
    chat.connection.again();
    hello(room("general", { last_seq: 5, unread: 1 }));
    expect(wire().of("resume")).toEqual([{ type: "resume", rooms: { general: 2 } }]);
    hears({ type: "message_edited", room: "general", seq: 3, message: "general1", text: "A", edited: new Date(3000).toISOString() });
    hears({ type: "message_deleted", room: "general", seq: 4, message: "general2" });
    hears({ type: "message", ...said("general", 5, "c") });
    hears({ type: "resumed", room: "general", seq: 5 });
    await settle();
    expect(texts()).toEqual(["A", "-", "c"]);
  });
  it("loads the history anew when too much is missing", async () => {
    pages.general = { messages: [said("general", 1, "a")], last_seq: 1 };
    hello(room("general", { last_seq: 1 }));
    await settle();
    chat.connection.again();
    hello(room("general", { last_seq: 9000 }));
    pages.general = { messages: [said("general", 9000, "z")], has_more: true, last_seq: 9000 };
    hears({ type: "reset", room: "general", seq: 9000 });
    await settle();
    expect([texts(), chat.timeline!.older]).toEqual([["z"], true]);
  });
  it("shows one's message at once, and once, whichever of ack and copy comes first", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"));
    await settle();
    chat.write("general", "first");
    chat.write("general", "//second");
    await settle();
    expect(chat.outgoing.unsent.map((one) => one.text)).toEqual(["first", "/second"]);
    const { id } = wire().of("message")[0] as { id: string };
    hears({ type: "ack", id, room: "general", seq: 1 });
    expect([chat.outgoing.unsent.length, chat.outgoing.delivered.map((one) => one.text)]).toEqual([1, ["first"]]);
    hears({ type: "message", ...said("general", 1, "first", carlos, { id }) });
    expect(chat.outgoing.delivered).toEqual([]);
    await settle();
    const second = wire().of("message")[1] as { id: string };
    hears({ type: "message", ...said("general", 2, "/second", carlos, { id: second.id }) });
    hears({ type: "ack", id: second.id, room: "general", seq: 2 });
    await settle();
    expect([texts(), chat.outgoing.unsent, chat.outgoing.delivered]).toEqual([["first", "/second"], [], []]);
  });
  it("marks a refused message failed, with the reason, and tells the rest above the composer", async () => {
    hello(room("general"));
    chat.write("general", "x");
    await settle();
    const { id } = wire().of("message")[0] as { id: string };
    hears({ type: "error", id, code: "forbidden", message: "Not here." });
    hears({ type: "error", id: null, code: "invalid_request", message: "What?" });
    await settle();
    expect(chat.outgoing.unsent).toMatchObject([{ state: "failed", reason: "Not here." }]);
    expect(chat.commands.notes).toMatchObject([{ room: "general", text: "What?" }]);
  });
  it("sends a line with a slash as a command, and takes the bot's message for its outcome", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"));
    await settle();
    chat.write("general", "/stock aapl.us");
    const { id, text } = wire().of("command")[0] as { id: string; text: string };
    expect([text, chat.commands.waiting.length]).toEqual(["/stock aapl.us", 1]);
    hears({ type: "message", ...said("general", 1, "AAPL.US quote is $175.43 per share"), author: { id: "bot:stock", name: "Stock", bot: true }, command_id: id });
    await settle();
    expect([chat.commands.waiting, texts()]).toEqual([[], ["AAPL.US quote is $175.43 per share"]]);
  });
  it("opens no other room while a new conversation is on its way, and returns if there is none", async () => {
    pages.general = { messages: [], last_seq: 0 };
    hello(room("general"));
    const going = chat.openDirect("p2");
    expect([chat.rooms.open, chat.opening]).toEqual([undefined, true]);
    await going.catch(() => undefined); // the answer of this test's server is empty
    expect([chat.rooms.open?.name, chat.opening]).toEqual(["general", false]);
    hears({ type: "room_joined", room: room("d", { kind: "direct", name: "John", with: john }) });
    const calls = asked.length;
    await chat.openDirect("p2");
    expect([chat.rooms.open?.name, asked.filter((call) => call.includes("direct")).length, calls > 0]).toEqual(["John", 1, true]);
  });
  it("learns of rooms: made, joined, left, taken away", async () => {
    hello(room("general"), room("secret", { kind: "private" }));
    hears({ type: "room_created", room: { id: "new", name: "new", kind: "public", topic: "" } });
    expect(chat.rooms.find("new")!.member).toBe(false);
    hears({ type: "room_joined", room: room("new", { last_seq: 1, read_seq: 1 }) });
    expect(chat.rooms.find("new")!.member).toBe(true);
    chat.open("new");
    expect(chat.timeline).toBeDefined();
    hears({ type: "room_gone", room: "new" });
    expect([chat.rooms.find("new")!.member, chat.timeline]).toEqual([false, undefined]);
    chat.open("secret");
    hears({ type: "room_gone", room: "secret" });
    expect([chat.rooms.find("secret"), chat.rooms.open?.name]).toEqual([undefined, "general"]);
  });
  it("loses a room that a new hello does not name", () => {
    hello(room("general"), room("secret", { kind: "private" }));
    chat.connection.again();
    hello(room("general"));
    expect(chat.rooms.find("secret")).toBeUndefined();
  });
  it("keeps topics, names and read positions in step", async () => {
    hello(room("general"), room("other"));
    hears({ type: "room_changed", room: "general", seq: 1, changes: { topic: "Lunch" }, by: { id: "p2", name: "John", bot: false } });
    expect(chat.rooms.find("general")!.topic).toBe("Lunch");
    await settle();
    hears({ type: "person_renamed", user: { ...john, name: "Johnny" } });
    expect(chat.people.name({ id: "p2", name: "John", bot: false })).toBe("Johnny");
    hears({ type: "message", ...said("other", 1, "x") });
    hears({ type: "read", room: "other", read_seq: 1, unread: 0 });
    expect(chat.rooms.find("other")!.unread).toBe(0);
  });
  it("gives a renamed person the new name in conversations and in one's own corner", () => {
    hello(room("general"), room("d", { kind: "direct", name: "John", with: john }));
    hears({ type: "person_renamed", user: { ...john, name: "Johnny" } });
    hears({ type: "person_renamed", user: { ...carlos, name: "Charles" } });
    expect([chat.rooms.find("d")!.name, chat.me.name]).toEqual(["Johnny", "Charles"]);
  });
  it("asks the server for its counts when one of those it counted is deleted", async () => {
    hello(room("general"), room("other", { last_seq: 4, read_seq: 2, unread: 2 }));
    await settle();
    listed = [room("other", { last_seq: 5, read_seq: 2, unread: 1 })];
    hears({ type: "message_deleted", room: "other", seq: 5, message: "other3" });
    await new Promise((done) => setTimeout(done, 1100));
    await settle();
    expect(chat.rooms.find("other")!.unread).toBe(1);
  });
  it("says when the page is too old, and when the session is over", () => {
    hears({ type: "hello", protocol: 2, user: carlos, rooms: [] });
    expect(chat.outdated).toBe(2);
    wire().onclose!({ code: 4401 });
    expect(ended).toEqual(["out"]);
  });
  it("lets frames it does not know pass", () => {
    hello(room("general"));
    hears({ type: "typing", room: "general", user: john });
    hears({ type: "reaction_added", room: "general", seq: 1 });
    hears({ type: "message", ...said("general", 2, "still here") });
    expect(wire().of("resume")).toEqual([]);
  });
});
