import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import App from "../App.svelte";

let page: Record<string, unknown>;
let login: () => Response;
const json = (body: unknown, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const settle = async () => {
  for (let i = 0; i < 6; i++) await new Promise((done) => setTimeout(done, 0));
  flushSync();
};
const field = (label: string) => document.querySelector<HTMLInputElement>(`#${[...document.querySelectorAll("label")].find((one) => one.textContent === label)!.htmlFor}`)!;
const button = (name: string) => [...document.querySelectorAll("button")].find((one) => one.textContent?.trim() === name)!;
const type = (input: HTMLInputElement, value: string) => {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

beforeEach(async () => {
  document.body.innerText = "";
  vi.stubGlobal("fetch", vi.fn(async (path: string) => {
    if (path === "/api/auth/login") return login();
    if (path === "/api/info") return json({ name: "Parlor", protocol: 1, demo: true, demo_people: ["carlos"] });
    return json({ code: "not_logged_in", detail: "", status: 401 }, 401);
  }));
  page = mount(App, { target: document.body });
  await settle();
});
afterEach(async () => {
  await unmount(page);
  vi.unstubAllGlobals();
});

describe("the login", () => {
  it("shows when nobody is logged in, and in demo mode who may come in", async () => {
    expect(document.querySelector("h1")!.textContent).toBe("Come in");
    button("carlos").click();
    await settle();
    expect([field("Username").value, field("Password").value]).toEqual(["carlos", "1234"]);
  });
  it("gives one answer for every wrong login, as an alert, gone when one types", async () => {
    login = () => json({ code: "invalid_credentials", detail: "", status: 401 }, 401);
    type(field("Username"), "carlos");
    type(field("Password"), "x");
    await settle();
    button("Log in").click();
    await settle();
    expect(document.querySelector("[role=alert]")!.textContent!.trim()).toBe("Wrong username or password.");
    type(field("Password"), "y");
    await settle();
    expect(document.querySelector("[role=alert]")).toBeNull();
  });
  it("says how long to wait after too many tries, and when there is no server", async () => {
    login = () => json({ code: "rate_limited", detail: "", status: 429 }, 429, { "retry-after": "30" });
    const form = document.querySelector("form")!;
    form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }));
    await settle();
    expect(document.querySelector("[role=alert]")!.textContent!.trim()).toBe("Too many tries. Wait 30 seconds and try again.");
    login = () => { throw new TypeError("down"); };
    form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }));
    await settle();
    expect(document.querySelector("[role=alert]")!.textContent!.trim()).toBe("The server cannot be reached.");
  });
});
