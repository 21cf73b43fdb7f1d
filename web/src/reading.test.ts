import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Reading } from "./reading.svelte";
import { OneRoom } from "./rooms/room.svelte";

let reading: Reading;
let told: string[];
const room = (unread: number, id = "r") => new OneRoom({ id, name: id, kind: "public", topic: "", member: true, last_seq: 10, read_seq: 10 - unread, unread });

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  told = [];
  vi.stubGlobal("fetch", vi.fn(async (path: string, init: RequestInit) => {
    told.push(`${path} ${String(init.body)}`);
    return new Response(null, { status: 204 });
  }));
  reading = new Reading();
});
afterEach(() => {
  reading.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("reading", () => {
  it("marks the room read while one looks at its end, and tells the server after a moment, the newest number alone", () => {
    const general = room(0);
    reading.entered(general);
    for (const seq of [11, 12, 13]) reading.look(seq);
    expect(general.readSeq).toBe(13);
    vi.advanceTimersByTime(400);
    expect(told).toEqual(['/api/rooms/r/read {"seq":13}']);
  });
  it("marks nothing read that is out of sight or that nobody looks at", () => {
    const general = room(3);
    reading.entered(general);
    reading.look(10);
    expect(general.unread).toBe(3); // the log has not said yet that it shows its end
    reading.atEnd = true;
    reading.present = false;
    reading.look(10);
    expect(general.unread).toBe(3);
    reading.present = true;
    reading.look(10);
    expect(general.unread).toBe(0);
  });
  it("draws the New line before what was unread on entering, and it stays", () => {
    reading.entered(room(3));
    expect(reading.newFrom).toBe(8);
    reading.atEnd = true;
    reading.look(10);
    expect(reading.newFrom).toBe(8);
    reading.entered(room(0, "other"));
    expect(reading.newFrom).toBeNull();
  });
  it("keeps the line over a reload of the same room", () => {
    reading.entered(room(3));
    const after = new Reading();
    after.entered(room(0));
    expect(after.newFrom).toBe(8);
  });
  it("draws the line anew before the first message that arrives while one is away", () => {
    reading.entered(room(0));
    reading.arrived(11, true);
    expect(reading.newFrom).toBeNull();
    reading.present = false;
    reading.arrived(12, true);
    reading.arrived(13, false);
    expect(reading.newFrom).toBe(12);
  });
});
