import { describe, expect, it } from "vitest";
import type { Message } from "../protocol";
import { rows, type Contents, type Row } from "./rows";
import { dayName } from "./time";

const now = new Date(2026, 10, 24, 12, 0).getTime();
const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString();
let seq = 0;
const says = (name: string, created: string, more: Partial<Message> = {}): Message => ({
  id: `m${++seq}`, room: "r", seq, author: { id: name, name, bot: false }, text: "x", created, edited: null, deleted: false, ...more,
});
const of = (contents: Partial<Contents>) => rows({ messages: [], unsent: [], waiting: [], me: "carlos", newFrom: null, now, ...contents });
const short = (all: Row[]) => all.map((row) => (row.kind === "day" ? row.name : row.kind === "message" || row.kind === "unsent" ? (row.first ? "first" : "next") : row.kind));

describe("the rows of a log", () => {
  it("stand under their day", () => {
    const messages = [says("a", at(22, 9, 0)), says("a", at(23, 9, 0)), says("a", at(24, 9, 0))];
    expect(short(of({ messages }))).toEqual(["Sunday, 22 November", "first", "Yesterday", "first", "Today", "first"]);
  });
  it("join one author's messages of five minutes", () => {
    const messages = [says("a", at(24, 9, 0)), says("a", at(24, 9, 4)), says("a", at(24, 9, 6)), says("b", at(24, 9, 7)), says("a", at(24, 9, 7))];
    expect(short(of({ messages }))).toEqual(["Today", "first", "next", "first", "first", "first"]);
  });
  it("have the New line before the first new message, and begin a group after it", () => {
    const messages = [says("a", at(24, 9, 0)), says("a", at(24, 9, 1)), says("a", at(24, 9, 2))];
    expect(short(of({ messages, newFrom: messages[1]!.seq }))).toEqual(["Today", "first", "new", "first", "next"]);
    expect(short(of({ messages, newFrom: messages[2]!.seq + 1 }))).toEqual(["Today", "first", "next", "next"]);
  });
  it("end with what is unsent, joined to one's last group, and with what is not answered", () => {
    const messages = [says("carlos", at(24, 11, 59))];
    const unsent = [{ id: "u", text: "y", created: now, state: "pending" as const, reason: "" }];
    const waiting = [{ id: "w", text: "/stock a", asked: now, bot: "stock", progress: "", fraction: null }];
    expect(short(of({ messages, unsent, waiting }))).toEqual(["Today", "first", "next", "waiting"]);
  });
  it("begin a group at a bot's answer, which says who asked for it", () => {
    const asked = { by: { id: "john", name: "John", bot: false }, line: "/stock aapl.us" };
    const messages = [says("bot:stock", at(24, 9, 0)), says("bot:stock", at(24, 9, 0), { asked }), says("bot:stock", at(24, 9, 0))];
    expect(short(of({ messages }))).toEqual(["Today", "first", "first", "next"]);
  });
});

it("a day of another year says which", () => {
  expect(dayName(new Date(2025, 11, 31).getTime(), now)).toBe("Wednesday, 31 December 2025");
});
