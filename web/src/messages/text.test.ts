import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocks, spans, type Block } from "./text";

const links = (text: string) => spans(text).flatMap((span) => (span.kind === "link" ? [span.text] : []));

describe("a message's text", () => {
  it("makes web addresses links, without the sentence's punctuation", () => {
    expect(links("see https://a.example/x?y=1#z, and (http://b.example/q).")).toEqual(["https://a.example/x?y=1#z", "http://b.example/q"]);
    expect(links("https://en.example/Rust_(language) is it")).toEqual(["https://en.example/Rust_(language)"]);
  });
  it("links nothing but http and https", () => {
    for (const text of ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "http://", "https://:80", "file:///etc"]) expect(links(text), text).toEqual([]);
  });
  it("keeps inline code as it is written", () => {
    expect(spans("run `make run` now")).toEqual([{ kind: "text", text: "run " }, { kind: "code", text: "make run" }, { kind: "text", text: " now" }]);
    expect(links("`https://not.example/`")).toEqual([]);
  });
  it("keeps fenced blocks, with their language and inner fences' neighbours", () => {
    expect(blocks("look:\n```rust\nfn main() {}\n\n```\nnice")).toEqual([
      { kind: "spans", spans: [{ kind: "text", text: "look:" }] },
      { kind: "code", text: "fn main() {}\n", language: "rust" },
      { kind: "spans", spans: [{ kind: "text", text: "nice" }] },
    ]);
  });
  it("leaves a fence that never closes in the text", () => {
    expect(blocks("```\nx")).toEqual([{ kind: "spans", spans: [{ kind: "text", text: "```\nx" }] }]);
  });
  it("leaves markup what it is: text", () => {
    expect(blocks("<b>x</b> &amp; <script>")).toEqual([{ kind: "spans", spans: [{ kind: "text", text: "<b>x</b> &amp; <script>" }] }]);
  });
  it("loses no character but the marks of code", () => {
    const said = (all: Block[]) => all.flatMap((block) => (block.kind === "spans" ? block.spans.map((span) => span.text) : [block.text])).join("");
    const bare = (text: string) => text.replace(/[`\n]/g, "");
    const piece = fc.constantFrom("`", "```", "\n", "http://a.b/", "x", " ", ")", ".", "é");
    fc.assert(fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      expect(bare(said(blocks(text)))).toBe(bare(text).replace(/^$/, ""));
    }));
  });
});
