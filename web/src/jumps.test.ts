import { describe, expect, it } from "vitest";
import { jumps } from "./jumps";
import { OneRoom } from "./rooms/room.svelte";

const room = (name: string, unread = 0) => new OneRoom({ id: name, name, kind: "public", topic: "", member: true, last_seq: 9, read_seq: 9 - unread, unread });
const people = ["Carlos", "Stella", "Esteban"].map((name) => ({ id: name, name, username: name.toLowerCase() }));
const commands = [{ name: "stock", bot: "stock", summary: "Prices", usage: "/stock", arguments: {}, deadline_ms: 1 }];
const all = (wanted: string) =>
  jumps(wanted, { rooms: [room("investors"), room("standup"), room("general", 2)], people, commands, me: "Carlos" })
    .map(({ title, hits }) => `${title}: ${hits.map((hit) => `${hit.before}[${hit.match}]${hit.after}`).join(" ")}`);

describe("the switcher", () => {
  it("offers rooms and people, unread first, while nothing is typed", () => {
    expect(all("")).toEqual(["Rooms and conversations: []general []investors []standup", "People: []Stella []Esteban"]);
  });
  it("finds names, those first that begin with what is typed, and marks what matches", () => {
    expect(all("St")).toEqual(["Rooms and conversations: [st]andup inve[st]ors", "People: [St]ella E[st]eban", "Commands: /[st]ock"]);
  });
  it("offers nothing for what nobody is called", () => {
    expect(all("zzz")).toEqual([]);
  });
});
