import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session, waitWords } from "./session.svelte";

const carlos = { id: "p1", username: "carlos", name: "Carlos" };
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const nobody = () => json({ code: "not_logged_in", detail: "", status: 401 }, 401);
let answers: Record<string, () => Response>;
let session: Session;

beforeEach(() => {
  answers = { "/api/info": () => json({ name: "Parlor", protocol: 1, demo: false, demo_people: [] }), "/api/auth/me": () => json({ user: carlos }) };
  vi.stubGlobal("fetch", vi.fn(async (path: string) => answers[path]!()));
  session = new Session();
});
afterEach(() => vi.unstubAllGlobals());

describe("a session", () => {
  it("is found at start, or not", async () => {
    await session.check();
    expect([session.state, session.person]).toEqual(["in", carlos]);
    answers["/api/auth/me"] = nobody;
    const other = new Session();
    await other.check();
    expect([other.state, other.notice, other.info?.name]).toEqual(["out", "", "Parlor"]);
  });
  it("is neither here nor there while the server cannot be reached, and stays when it was here", async () => {
    answers["/api/auth/me"] = () => { throw new TypeError("down"); };
    await session.check();
    expect(session.state).toBe("unreachable");
    answers["/api/auth/me"] = () => json({ user: carlos });
    await session.check();
    answers["/api/auth/me"] = () => { throw new TypeError("down"); };
    await session.check();
    expect(session.state).toBe("in");
  });
  it("says so when it has ended somewhere else", async () => {
    await session.check();
    answers["/api/auth/me"] = nobody;
    await session.check();
    expect([session.state, session.notice]).toEqual(["out", "Your session has ended. Log in to go on."]);
  });
  it("ends by logout without a word, also when the socket learns of it first", async () => {
    await session.check();
    answers["/api/auth/logout"] = () => {
      session.ended();
      return new Response(null, { status: 204 });
    };
    await session.logout();
    expect([session.state, session.notice, session.person]).toEqual(["out", "", null]);
  });
  it("stays when the logout did not reach the server", async () => {
    await session.check();
    answers["/api/auth/logout"] = () => { throw new TypeError("down"); };
    await expect(session.logout()).rejects.toThrow();
    expect(session.state).toBe("in");
  });
});

it("a wait is said in words", () => {
  expect([null, 400, 30_000, 61_000, 119_000, 600_000].map(waitWords)).toEqual(["a moment", "1 second", "30 seconds", "61 seconds", "2 minutes", "10 minutes"]);
});
