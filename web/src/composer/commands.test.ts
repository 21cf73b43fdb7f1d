import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientFrame, ErrorCode } from "../protocol";
import { Commands } from "./commands.svelte";

let sent: Extract<ClientFrame, { type: "command" }>[];
let up: boolean;
let back: string[];
let commands: Commands;

beforeEach(() => {
  vi.useFakeTimers();
  [sent, up, back] = [[], true, []];
  commands = new Commands((frame) => {
    if (up && frame.type === "command") sent.push(frame);
    return up;
  });
  commands.putBack = (_room, line) => back.push(line);
  commands.catalogue = [{ name: "stock", bot: "stock", summary: "", usage: "/stock symbol", arguments: {}, deadline_ms: 5_000 }];
});
afterEach(() => {
  commands.close();
  vi.useRealTimers();
});
const ask = (text = "/stock aapl.us") => {
  commands.ask("r", text);
  return sent.at(-1)!.id;
};
const refuse = (id: string, code: ErrorCode, more = {}) => commands.refused({ type: "error", id, code, message: "Because.", ...more });

describe("a command", () => {
  it("is sent as a frame of its own, and shows as waiting if the answer takes more than a moment", () => {
    const id = ask();
    expect(sent[0]).toEqual({ type: "command", id, room: "r", text: "/stock aapl.us" });
    commands.accepted({ type: "accepted", id, room: "r" });
    expect(commands.waiting[0]).toMatchObject({ shown: false, bot: "stock" });
    vi.advanceTimersByTime(300);
    expect(commands.waiting[0]!.shown).toBe(true);
  });
  it("is done when a bot's message answers it", () => {
    const id = ask();
    commands.answered(id);
    expect(commands.waiting).toEqual([]);
  });
  it("shows progress", () => {
    const id = ask();
    commands.progress({ type: "progress", id, fraction: 0.4, text: "Week 5" });
    expect(commands.waiting[0]).toMatchObject({ fraction: 0.4, progress: "Week 5" });
  });
  it("is answered to the asker alone by a note", () => {
    const id = ask("/help");
    commands.answer({ type: "answer", id, room: "r", author: { id: "bot:parlor", name: "Parlor", bot: true }, text: "Ask away." });
    expect(commands.notes).toMatchObject([{ kind: "answer", text: "Ask away.", room: "r" }]);
  });
  it("goes back into the composer when its line was refused, with the place of the fault", () => {
    expect(refuse(ask("/stock a$"), "invalid_arguments", { position: 8 })).toBe(true);
    expect(commands.notes).toMatchObject([{ kind: "error", position: 8, line: "/stock a$", again: false }]);
    expect(back).toEqual(["/stock a$"]);
  });
  it("can be asked again when it failed on the way", () => {
    refuse(ask(), "command_failed");
    expect([commands.notes[0]!.again, back]).toEqual([true, []]);
  });
  it("suggests the command that was meant", () => {
    refuse(ask("/stok x"), "unknown_command");
    expect(commands.notes[0]!.meant).toBe("stock");
  });
  it("is not asked while offline, and is put back", () => {
    up = false;
    commands.ask("r", "/stock x");
    expect([commands.waiting, commands.notes.length, back]).toEqual([[], 1, ["/stock x"]]);
  });
  it("is asked again with the same id on a new connection, and soon after its deadline", () => {
    const id = ask();
    commands.online();
    commands.accepted({ type: "accepted", id, room: "r" });
    vi.advanceTimersByTime(7_000);
    expect(sent).toHaveLength(2);
    vi.advanceTimersByTime(1_500);
    expect(sent.map((frame) => frame.id)).toEqual([id, id, id]);
  });
  it("leaves the errors of others alone", () => {
    expect(refuse("unknown", "too_large")).toBe(false);
    expect(commands.refused({ type: "error", id: null, code: "invalid_request", message: "" })).toBe(false);
  });
  it("clears its room's old notes, of which there are never more than three", () => {
    for (let i = 0; i < 5; i++) commands.tell("r", `${i}`);
    commands.tell("other", "stays");
    expect(commands.notes.map((note) => note.text).sort()).toEqual(["2", "3", "4", "stays"]);
    ask();
    expect(commands.notes.map((note) => note.text)).toEqual(["stays"]);
    commands.dismiss(commands.notes[0]!.id);
    expect(commands.notes).toEqual([]);
  });
});
