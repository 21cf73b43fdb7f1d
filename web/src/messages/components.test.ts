import { flushSync, mount, unmount, type Component } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import Completion from "../composer/Completion.svelte";
import Avatar from "../people/Avatar.svelte";
import AnswerDetails from "./AnswerDetails.svelte";
import MessageText from "./MessageText.svelte";

let mounted: Record<string, unknown>[] = [];
function show<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): HTMLElement {
  const target = document.createElement("div");
  document.body.append(target);
  mounted.push(mount(component, { target, props }));
  flushSync();
  return target;
}
afterEach(async () => {
  for (const one of mounted) await unmount(one);
  mounted = [];
});

describe("a message's text on the screen", () => {
  it("is never HTML", () => {
    const text = '<img src=x onerror="alert(1)"> <script>alert(1)</script> `<b>` https://a.example/"><i>';
    const shown = show(MessageText, { text });
    expect([...shown.querySelectorAll("*")].map((element) => element.localName).sort()).toEqual(["a", "code", "div"]);
    expect(shown.textContent).toBe(text.replaceAll("`", ""));
  });
  it("links safely", () => {
    const link = show(MessageText, { text: "https://a.example/x" }).querySelector("a")!;
    expect([link.href, link.target, link.rel]).toEqual(["https://a.example/x", "_blank", "noopener noreferrer"]);
  });
  it("keeps line breaks and code", () => {
    const shown = show(MessageText, { text: "one\ntwo\n```js\nlet x = 1;\n  x++;\n```" });
    expect(shown.querySelector(".msg-text")!.textContent).toBe("one\ntwo");
    expect(shown.querySelector("pre")!.textContent).toBe("let x = 1;\n  x++;");
    expect(shown.querySelector("pre")!.getAttribute("aria-label")).toBe("Code, js");
  });
  it("turns with the direction of what is written", () => {
    expect(show(MessageText, { text: "שלום" }).querySelector(".msg-text")!.getAttribute("dir")).toBe("auto");
  });
});

describe("beside a message", () => {
  it("an avatar is decoration: its initial is no text, a bot's is a tile", () => {
    const person = show(Avatar, { id: "p1", name: "émile" }).firstElementChild!;
    expect([person.getAttribute("data-initial"), person.textContent, person.getAttribute("aria-hidden")]).toEqual(["É", "", "true"]);
    expect(show(Avatar, { id: "bot:stock", name: "Stock", bot: true }).querySelector(".avatar--bot svg")).not.toBeNull();
  });
  it("an answer's figures stand with source and time", () => {
    const shown = show(AnswerDetails, { details: { source: "stooq", as_of: "23 Nov", facts: [{ label: "Open", value: "174.20" }] } });
    expect(shown.querySelector("summary")!.textContent!.trim()).toBe("stooq, 23 Nov");
    expect(shown.querySelector("dl")!.textContent).toBe("Open174.20");
    expect(show(AnswerDetails, { details: { source: "stooq" } }).textContent!.trim()).toBe("stooq");
  });
  it("completion lists commands as options, the chosen one marked", () => {
    const offers = ["help", "stock"].map((name) => ({ name, bot: "b", summary: "s", usage: `/${name} x`, arguments: {}, deadline_ms: 1 }));
    let taken = "";
    const shown = show(Completion, { offers, chosen: 1, take: (command: { name: string }) => (taken = command.name), choose: () => undefined });
    const options = [...shown.querySelectorAll<HTMLElement>("[role=option]")];
    expect(options.map((option) => option.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    options[0]!.click();
    expect(taken).toBe("help");
  });
});
