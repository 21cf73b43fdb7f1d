import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerFrame } from "./protocol";
import { Connection, type Link, type Wire } from "./socket";

class FakeWire implements Wire {
  sent: string[] = [];
  closed = false;
  onmessage: Wire["onmessage"] = null;
  onclose: Wire["onclose"] = null;
  send(data: string) { this.sent.push(data); }
  close() { this.closed = true; }
  says(frame: object) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  ends(code: number) { this.onclose?.({ code }); }
}
const hello = { type: "hello", protocol: 1, user: { id: "1", username: "a", name: "A" }, rooms: [] };

let wires: FakeWire[];
let frames: ServerFrame[];
let links: Link[];
let ended: string[];
let connection: Connection;
const wire = () => wires.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  [wires, frames, links, ended] = [[], [], [], []];
  const open = () => { const made = new FakeWire(); wires.push(made); return made; };
  connection = new Connection(open, {
    frame: (frame) => frames.push(frame),
    link: (link) => links.push(link),
    loggedOut: () => ended.push("loggedOut"),
    refused: () => ended.push("refused"),
  }, () => 0.5);
  connection.start();
});
afterEach(() => vi.useRealTimers());

describe("the connection", () => {
  it("is live from the server's hello on, and sends only then", () => {
    expect(connection.send({ type: "resume", rooms: {} })).toBe(false);
    wire().says(hello);
    expect(connection.link.state).toBe("live");
    expect(connection.send({ type: "resume", rooms: { r: 3 } })).toBe(true);
    expect(wire().sent).toEqual(['{"type":"resume","rooms":{"r":3}}']);
    expect(frames.map((frame) => frame.type)).toEqual(["hello"]);
  });
  it("comes back by itself, each time a little later, at most half a minute", () => {
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      wire().ends(1006);
      const link = connection.link as Extract<Link, { state: "waiting" }>;
      pauses.push(link.at - Date.now());
      vi.advanceTimersByTime(pauses.at(-1)!);
    }
    expect(pauses.slice(0, 3)).toEqual([375, 750, 1500]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
    expect(wires).toHaveLength(13);
    wire().says(hello);
    wire().ends(1006);
    vi.advanceTimersByTime(375);
    expect(wires).toHaveLength(14);
  });
  it("waits up to 2 seconds when the server restarts, not at all when it was too slow", () => {
    wire().says(hello);
    wire().ends(1001);
    expect(connection.link).toMatchObject({ state: "waiting", at: Date.now() + 1000 });
    vi.advanceTimersByTime(1000);
    wire().says(hello);
    wire().ends(4408);
    vi.advanceTimersByTime(0);
    expect(wires).toHaveLength(3);
  });
  it("says when there are too many connections, and tries rarely", () => {
    wire().ends(4429);
    expect(connection.link).toMatchObject({ state: "waiting", crowded: true, at: Date.now() + 45_000 });
  });
  it("ends with the session", () => {
    wire().says(hello);
    wire().ends(4401);
    vi.advanceTimersByTime(100_000);
    expect([connection.link.state, ended, wires.length]).toEqual(["ended", ["loggedOut"], 1]);
  });
  it("tells of a connection refused before the hello, which an ended session looks like", () => {
    wire().ends(1006);
    expect(ended).toEqual(["refused"]);
  });
  it("takes a line for dead when an answer that is due does not come", () => {
    wire().says(hello);
    connection.expect();
    vi.advanceTimersByTime(9_000);
    wire().says({ type: "resumed", room: "r", seq: 1 });
    vi.advanceTimersByTime(9_000);
    expect(connection.link.state).toBe("live");
    connection.expect();
    vi.advanceTimersByTime(10_000);
    expect([connection.link.state, wire().closed]).toEqual(["waiting", true]);
  });
  it("hears nothing more from a line it gave up", () => {
    wire().says(hello);
    const old = wire();
    connection.expect();
    vi.advanceTimersByTime(10_000);
    old.says({ type: "room_gone", room: "r" });
    old.ends(4401);
    expect([frames.length, ended]).toEqual([1, []]);
  });
  it("tries at once when asked to", () => {
    wire().ends(1006);
    connection.now();
    expect([connection.link.state, wires.length]).toEqual(["connecting", 2]);
  });
  it("stays down once stopped", () => {
    wire().says(hello);
    connection.stop();
    vi.advanceTimersByTime(100_000);
    expect([wire().closed, wires.length]).toEqual([true, 1]);
  });
});
