import { describe, expect, it } from "vitest";
import { newId } from "./ids";

describe("an id", () => {
  it("is a UUID of version 7 in lower case", () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
  it("is greater than the one before, also within a millisecond and when the clock goes back", () => {
    const now = Date.now() + 1000;
    const ids = Array.from({ length: 10_000 }, (_, i) => newId(i % 3 === 0 ? now - 50 : now));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
  });
  it("begins with the milliseconds since 1970", () => {
    const now = Date.now() + 100_000;
    expect(parseInt(newId(now).replace("-", "").slice(0, 12), 16)).toBe(now);
  });
});
