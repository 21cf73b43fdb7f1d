import { describe, expect, it } from "vitest";
import type { Room } from "../protocol";
import { OneRoom } from "./room.svelte";

const told = (more: Partial<Room> = {}): Room => ({ id: "r", name: "general", kind: "public", topic: "", member: true, last_seq: 10, read_seq: 6, unread: 3, ...more });
const message = (seq: number) => ({ id: `m${seq}`, seq });

describe("what is unread in a room", () => {
  it("is the server's count and what came since", () => {
    const room = new OneRoom(told());
    expect(room.unread).toBe(3);
    expect(room.counts(message(11))).toBe(true);
    expect(room.unread).toBe(4);
  });
  it("counts nothing twice: neither what the server counted nor what was read", () => {
    const room = new OneRoom(told());
    expect(room.counts(message(9))).toBe(false);
    room.counts(message(11));
    room.counts(message(11));
    expect(room.unread).toBe(4);
    room.tell(told({ last_seq: 11, unread: 4 }));
    expect(room.unread).toBe(4);
  });
  it("is nothing once the end was read, and the server may learn of it late", () => {
    const room = new OneRoom(told());
    room.counts(message(11));
    room.readTo(11);
    expect(room.unread).toBe(0);
    room.tell(told({ last_seq: 11, read_seq: 6, unread: 4 }));
    expect([room.unread, room.readSeq]).toEqual([0, 11]);
  });
  it("follows what was read in another tab, never back", () => {
    const room = new OneRoom(told());
    room.counts(message(11));
    room.counts(message(12));
    room.readElsewhere(11, 1);
    expect(room.unread).toBe(1);
    room.readElsewhere(8, 3);
    expect(room.unread).toBe(1);
    room.readElsewhere(12, 0);
    expect(room.unread).toBe(0);
  });
  it("loses what is deleted, and says when only the server knows", () => {
    const room = new OneRoom(told());
    room.counts(message(11));
    expect(room.uncounts("m11")).toBe(true);
    expect(room.unread).toBe(3);
    expect(room.uncounts("m9")).toBe(false);
    room.readTo(12);
    expect(room.uncounts("m9")).toBe(true);
  });
  it("is nothing in a room one has left", () => {
    const room = new OneRoom(told());
    room.left();
    expect([room.member, room.unread]).toEqual([false, 0]);
    const stranger = new OneRoom({ id: "x", name: "x", kind: "public", topic: "" });
    expect([stranger.member, stranger.unread]).toEqual([false, 0]);
  });
});
