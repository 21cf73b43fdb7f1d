import { afterEach, describe, expect, it, vi } from "vitest";
import { call, Refused, Unreachable } from "./http";

const answers = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal("fetch", vi.fn(async () => new Response(body === null ? null : JSON.stringify(body), { status, headers })));

afterEach(() => vi.unstubAllGlobals());

describe("a call", () => {
  it("returns the body, or nothing for 204", async () => {
    answers(200, { user: 1 });
    expect(await call("GET", "/api/auth/me")).toEqual({ user: 1 });
    answers(204, null);
    expect(await call("POST", "/api/auth/logout")).toBeUndefined();
  });
  it("throws the problem's code, words and waiting time", async () => {
    answers(429, { code: "rate_limited", detail: "Too many tries." }, { "retry-after": "7" });
    const refused = (await call("POST", "/x", {}).catch((error: unknown) => error)) as Refused;
    expect(refused).toBeInstanceOf(Refused);
    expect([refused.status, refused.code, refused.message, refused.retryAfterMs]).toEqual([429, "rate_limited", "Too many tries.", 7000]);
  });
  it("tells an unreachable server from a refusal, a proxy's error page included", async () => {
    vi.stubGlobal("fetch", vi.fn(async () => Promise.reject(new TypeError("failed"))));
    await expect(call("GET", "/x")).rejects.toBeInstanceOf(Unreachable);
    vi.stubGlobal("fetch", vi.fn(async () => new Response("<html>", { status: 502 })));
    await expect(call("GET", "/x")).rejects.toBeInstanceOf(Unreachable);
  });
  it("sends JSON only where there is a body", async () => {
    answers(204, null);
    await call("PUT", "/x", { seq: 3 });
    expect(vi.mocked(fetch).mock.calls[0]![1]).toMatchObject({ body: '{"seq":3}', headers: { "content-type": "application/json" } });
  });
});
