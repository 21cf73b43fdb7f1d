import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newId } from "./ids";
import { Outbox, OutboxStore, type Bell, type Unconfirmed } from "./outbox";

/** Lets everything that is only waiting for the store happen. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((done) => (globalThis as unknown as { setImmediate: (then: typeof done) => void }).setImmediate(done));
};

let bells: Bell[];
function bell(): Bell {
  const made: Bell = {
    heard: null,
    ring: () => bells.filter((other) => other !== made).forEach((other) => other.heard?.()),
    close: () => (bells = bells.filter((other) => other !== made)),
  };
  bells.push(made);
  return made;
}

/** A tab of carlos: `line` is what it has sent; `up` whether it is connected. */
class Tab {
  line: Unconfirmed[] = [];
  up = true;
  store = new OutboxStore();
  outbox = new Outbox("carlos", this.store, bell(), (message) => {
    if (this.up) this.line.push(message);
    return this.up;
  }, () => undefined);
  write = (text: string, room = "r") => {
    const id = newId();
    return this.outbox.write({ id, room, text }).then(() => id);
  };
  get sent() { return this.line.map((message) => message.text); }
  get shown() { return this.outbox.messages.map((message) => `${message.text} ${message.state}`); }
  confirm = (text: string) => this.outbox.confirmed(this.line.find((message) => message.text === text)!.id);
  /** Closed by the browser, without a word. */
  kill() { this.outbox.close(); void this.store.close(); }
}

let tabs: Tab[];
const tab = () => { const made = new Tab(); tabs.push(made); return made; };
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  globalThis.indexedDB = new IDBFactory();
  [bells, tabs] = [[], []];
});
afterEach(() => { tabs.forEach((one) => one.kill()); vi.useRealTimers(); });

describe("the outbox", () => {
  it("shows a message at once and sends the next of a room only when the one before is confirmed", async () => {
    const one = tab();
    const written = one.write("a");
    expect(one.shown).toEqual(["a pending"]);
    await Promise.all([written, one.write("b"), one.write("elsewhere", "r2")]);
    expect(one.sent).toEqual(["a", "elsewhere"]);
    await one.confirm("a");
    expect([one.sent, one.shown]).toEqual([["a", "elsewhere", "b"], ["b pending", "elsewhere pending"]]);
  });
  it("keeps what was written offline over the closing of the tab, in order", async () => {
    const one = tab();
    one.up = false;
    for (const text of ["a", "b", "c"]) await one.write(text);
    one.kill();
    vi.setSystemTime(Date.now() + 86_400_000);
    const two = tab();
    await two.outbox.load();
    expect(two.shown).toEqual(["a pending", "b pending", "c pending"]);
    two.outbox.online();
    for (const text of ["a", "b", "c"]) { await two.confirm(text); await settle(); }
    expect([two.sent, two.shown]).toEqual([["a", "b", "c"], []]);
    expect(await two.store.all("carlos")).toEqual([]);
  });
  it("sends again what a new connection may have lost, with the same id", async () => {
    const one = tab();
    await one.write("a");
    one.outbox.online();
    expect(one.line.map((message) => message.id)).toEqual([one.line[0]!.id, one.line[0]!.id]);
  });
  it("sends again after ten seconds without an answer", async () => {
    const one = tab();
    await one.write("a");
    vi.advanceTimersByTime(9_000);
    expect(one.sent).toEqual(["a"]);
    vi.advanceTimersByTime(6_000);
    expect(one.sent).toEqual(["a", "a"]);
  });
  it("waits and sends again what was refused for the moment only", async () => {
    const one = tab();
    const id = await one.write("a");
    await one.write("b");
    await one.outbox.refused(id, "rate_limited", "Slower.", 3000);
    expect(one.shown[0]).toBe("a pending");
    vi.advanceTimersByTime(2_900);
    expect(one.sent).toEqual(["a"]);
    vi.advanceTimersByTime(200);
    expect(one.sent).toEqual(["a", "a"]);
  });
  it("shows what was refused for good, sends it again or lets go of it as told, and goes on meanwhile", async () => {
    const one = tab();
    const [a] = [await one.write("a"), await one.write("b")];
    await one.outbox.refused(a, "too_large", "Too long.", undefined);
    expect([one.shown, one.outbox.messages[0]!.reason, one.sent]).toEqual([["a failed", "b pending"], "Too long.", ["a", "b"]]);
    await one.confirm("b");
    await one.outbox.retry(a);
    expect([one.shown, one.sent]).toEqual([["a pending"], ["a", "b", "a"]]);
    await one.outbox.refused(a, "forbidden", "No.", undefined);
    await one.outbox.discard(a);
    expect([one.shown, await one.store.all("carlos")]).toEqual([[], []]);
  });
  it("shows in every tab of the person, is sent by the one that wrote, and by another if that one is gone", async () => {
    const [one, two] = [tab(), tab()];
    await one.write("a");
    await settle();
    expect([two.shown, two.sent]).toEqual([["a pending"], []]);
    one.kill();
    vi.advanceTimersByTime(15_000);
    expect(two.sent).toEqual(["a"]);
    await two.confirm("a");
    expect(two.shown).toEqual([]);
  });
  it("keeps the order of two tabs that write in turn", async () => {
    const [one, two] = [tab(), tab()];
    await one.write("a");
    await settle();
    await two.write("b");
    await settle();
    expect([one.sent, two.sent]).toEqual([["a"], []]);
    await one.confirm("a");
    await settle();
    expect(two.sent).toEqual(["b"]);
  });
  it("is another person's business not", async () => {
    const one = tab();
    await one.write("a");
    expect(await one.store.all("john")).toEqual([]);
  });
  it("works without a store, as long as the page lives", async () => {
    vi.stubGlobal("indexedDB", { open: () => { throw new Error("denied"); } });
    const one = tab();
    await one.write("a");
    await one.outbox.load();
    expect([one.sent, one.shown]).toEqual([["a"], ["a pending"]]);
    await one.confirm("a");
    expect(one.shown).toEqual([]);
    vi.unstubAllGlobals();
  });
  it("delivers each once and in order, whatever breaks, for many random schedules", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      globalThis.indexedDB = new IDBFactory();
      let state = seed * 2654435761 >>> 0;
      const chance = (most: number) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % most;
      const stored: string[] = []; // the server: the first of an id counts
      const told: string[] = [];
      let live = tab();
      const serve = async (lossy: boolean) => {
        for (const message of live.line.splice(0)) {
          if (lossy && chance(3) === 0) continue; // lost on the way there
          if (!stored.includes(message.text)) stored.push(message.text);
          if (!(lossy && chance(3) === 0)) await live.outbox.confirmed(message.id); // or on the way back
        }
      };
      for (let step = 0; step < 25; step++) {
        const what = chance(6);
        if (what < 2) { const text = `${seed}.${step}`; told.push(text); await live.write(text); }
        else if (what === 2) await serve(true);
        else if (what === 3) live.outbox.online();
        else if (what === 4) live.up = !live.up;
        else { live.kill(); live = tab(); await live.outbox.load(); }
      }
      live.up = true;
      for (let i = 0; i < 40 && live.outbox.messages.length > 0; i++) { live.outbox.online(); await serve(false); }
      expect(stored, `seed ${seed}`).toEqual(told);
      live.kill();
    }
  });
});
