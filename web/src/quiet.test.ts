import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { whenQuiet } from "./quiet";

let reloads: number;
let stop: () => void;
let busy: boolean;
const reload = () => void (reloads += 1);
beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  reloads = 0;
  busy = false;
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("an old page", () => {
  it("reloads when nobody has touched it for a minute", () => {
    stop = whenQuiet(2, () => busy, reload);
    vi.advanceTimersByTime(50_000);
    dispatchEvent(new KeyboardEvent("keydown"));
    vi.advanceTimersByTime(50_000);
    expect(reloads).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(reloads).toBe(1);
  });
  it("reloads as soon as it is out of sight", () => {
    stop = whenQuiet(2, () => busy, reload);
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    expect(reloads).toBe(1);
  });
  it("does not reload while something is open that would be lost", () => {
    busy = true;
    stop = whenQuiet(2, () => busy, reload);
    vi.advanceTimersByTime(200_000);
    expect(reloads).toBe(0);
    busy = false;
    vi.advanceTimersByTime(60_000);
    expect(reloads).toBe(1);
  });
  it("reloads once for a version, so that a reload which does not help is not repeated", () => {
    stop = whenQuiet(2, () => busy, reload);
    vi.advanceTimersByTime(60_000);
    stop();
    stop = whenQuiet(2, () => busy, reload);
    vi.advanceTimersByTime(600_000);
    expect(reloads).toBe(1);
    stop = whenQuiet(3, () => busy, reload);
    vi.advanceTimersByTime(60_000);
    expect(reloads).toBe(2);
  });
});
