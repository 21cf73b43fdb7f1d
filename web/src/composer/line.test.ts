import { describe, expect, it } from "vitest";
import type { Command } from "../protocol";
import { argumentsOf, commandFor, completions, isCommand, nearest, pieces, placed, printable, slips, tooLong, unescaped, verb } from "./line";

const command = (name: string, usage = `/${name}`): Command => ({ name, bot: "b", summary: "", usage, arguments: {}, deadline_ms: 1000 });
const catalogue = [command("help"), command("stock", "/stock symbol… [--days 1-365]"), command("stop")];
const names = (found: Command[]) => found.map((one) => one.name);

describe("a command line", () => {
  it("begins with one slash; two begin a message with one", () => {
    expect([isCommand("/help"), isCommand("//help"), isCommand(" /help"), isCommand("a/b")]).toEqual([true, false, false, false]);
    expect([unescaped("//shrug"), unescaped("/x"), unescaped("a//b")]).toEqual(["/shrug", "/x", "a//b"]);
  });
  it("has its verb before a space or an equals sign", () => {
    expect([verb("/stock aapl.us"), verb("/stock=aapl.us"), verb("/"), verb("x")]).toEqual(["stock", "stock", "", ""]);
    expect(commandFor("/STOCK=aapl.us", catalogue)?.name).toBe("stock");
    expect(commandFor("//stock", catalogue)).toBeUndefined();
  });
  it("is completed while its verb is written, and no longer", () => {
    expect(names(completions("/", catalogue))).toEqual(["help", "stock", "stop"]);
    expect(names(completions("/St", catalogue))).toEqual(["stock", "stop"]);
    for (const text of ["/stock ", "/stock=", "//st", "st", "/xyz"]) expect(completions(text, catalogue), text).toEqual([]);
  });
  it("shows the arguments of its usage", () => {
    expect([argumentsOf(catalogue[1]!), argumentsOf(catalogue[0]!)]).toEqual(["symbol… [--days 1-365]", ""]);
  });
  it("suggests what was probably meant", () => {
    expect([nearest("stok", catalogue), nearest("hlep", catalogue), nearest("weather", catalogue), nearest("xy", catalogue)]).toEqual(["stock", "help", null, null]);
    expect([slips("", "ab"), slips("ab", "ba"), slips("kitten", "sitting")]).toEqual([2, 1, 3]);
  });
  it("is cut up around the character at fault, counted as people count", () => {
    const cut = (line: string, position: number | null) => pieces(line, position).map((piece) => `${piece.kind} ${piece.text}`);
    expect(cut("/stock a$b --days 3", 8)).toEqual(["verb /stock", "plain  a", "bad $", "plain b ", "flag --days", "plain  3"]);
    expect(cut("/stock 😀$", 8)).toEqual(["verb /stock", "plain  😀", "bad $"]);
    expect(cut("/stok a", 1)).toEqual(["bad /stok", "plain  a"]);
    expect(cut("/stock a", 99)).toEqual(["verb /stock", "plain  a"]);
    expect(cut("/", null)).toEqual(["verb /"]);
  });
  it("loses what cannot be sent, and nothing else", () => {
    expect(printable("a\u0000b\u001b[1m\tc\nd\u0085\u200d😀")).toBe("ab[1m\tc\nd\u200d😀");
  });
  it("says when it is too long, counted as the server counts", () => {
    expect([tooLong("😀".repeat(8000)), tooLong("x".repeat(8000))]).toEqual(["", ""]);
    expect(tooLong("x".repeat(8001))).toBe("A message has at most 8,000 characters; this one has 8,001.");
    expect(tooLong("\u0800".repeat(8000))).toBe("");
    expect(tooLong("e\u0301".repeat(4000))).toBe("");
  });
  it("names the place of a fault once", () => {
    expect(placed("A symbol has no $.", 11)).toBe("A symbol has no $ (character 12).");
    expect(placed("Wrong at character 3.", 2)).toBe("Wrong at character 3.");
    expect(placed("Wrong.", null)).toBe("Wrong.");
  });
});
