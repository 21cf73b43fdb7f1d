// A command line as it is being written: its verb, what could complete it, what was meant. The server alone judges it. Pure.
import type { Command } from "../protocol";

/** Whether what is in the composer is a command; two slashes begin a message with one. */
export const isCommand = (text: string): boolean => /^\/(?!\/)/.test(text);

/** A message's text: with the second slash of an escaped one only. */
export const unescaped = (text: string): string => (text.startsWith("//") ? text.slice(1) : text);

/** What may not be in a text is left out: control characters but tab and newline, as they come with what is pasted. */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\t\n]/gu, "");

/** Why a text is too long to be sent, or nothing. The server would refuse it, and close the line above a megabyte. */
export function tooLong(text: string): string {
  const characters = [...text].length;
  if (characters > 8000) return `A message has at most 8,000 characters; this one has ${characters.toLocaleString("en")}.`;
  const bytes = new TextEncoder().encode(text).length;
  return bytes > 32_000 ? "This message takes more than 32,000 bytes; send it in parts." : "";
}

/** `stock` of `/stock aapl.us` and of `/stock=aapl.us`. */
export const verb = (line: string): string => /^\/([^\s=]*)/.exec(line)?.[1] ?? "";

export const commandFor = (line: string, catalogue: readonly Command[]): Command | undefined =>
  isCommand(line) ? catalogue.find((command) => command.name === verb(line).toLowerCase()) : undefined;

/** The commands that what is written so far could become; none once the verb is complete. */
export function completions(text: string, catalogue: readonly Command[]): Command[] {
  if (!isCommand(text) || /[\s=]/.test(text)) return [];
  const begun = verb(text).toLowerCase();
  return catalogue.filter((command) => command.name.startsWith(begun));
}

/** The arguments of a usage like `/stock symbol… [--days 1-365]`: what follows the verb. */
export const argumentsOf = (command: Command): string => command.usage.replace(/^\/\S+\s*/, "");

/** The command whose name is at most two slips of the finger away. */
export function nearest(name: string, catalogue: readonly Command[]): string | null {
  const most = name.length < 4 ? 1 : 2;
  const near = catalogue.map((command) => ({ name: command.name, slips: slips(name.toLowerCase(), command.name) }));
  return near.filter((one) => one.slips <= most).sort((one, other) => one.slips - other.slips)[0]?.name ?? null;
}

/** Letters to add, drop, change or swap to make one word of the other. */
export function slips(one: string, other: string): number {
  const table = Array.from({ length: one.length + 1 }, (_, i) => Array.from({ length: other.length + 1 }, (_, j) => (i && j ? 0 : i + j)));
  for (let i = 1; i <= one.length; i++) {
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min(table[i - 1]![j]! + 1, table[i]![j - 1]! + 1, table[i - 1]![j - 1]! + same);
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) least = Math.min(least, table[i - 2]![j - 2]! + 1);
      table[i]![j] = least;
    }
  }
  return table[one.length]![other.length]!;
}

/** An error's words with the place of the character at fault, unless they name it themselves. */
export function placed(words: string, position: number | null): string {
  if (position === null || /character \d/.test(words)) return words;
  return words.replace(/\.?$/, ` (character ${position + 1}).`);
}

export type Piece = { kind: "verb" | "flag" | "bad" | "plain"; text: string };

/** A line cut up for colouring; the character at fault (counted as the server does, not in UTF-16) stands alone. */
export function pieces(line: string, position: number | null): Piece[] {
  const characters = [...line];
  const verbEnd = 1 + [...verb(line)].length;
  const found: Piece[] = [];
  const add = (from: number, to: number) => {
    const text = characters.slice(from, to).join("");
    for (const part of text.split(/((?<=^|\s)--[\w-]*)/)) if (part) found.push({ kind: part.startsWith("--") ? "flag" : "plain", text: part });
  };
  const bad = position !== null && position >= verbEnd && position < characters.length ? position : null;
  found.push({ kind: "verb", text: characters.slice(0, verbEnd).join("") });
  if (bad === null) add(verbEnd, characters.length);
  else {
    add(verbEnd, bad);
    found.push({ kind: "bad", text: characters[bad]! });
    add(bad + 1, characters.length);
  }
  if (position !== null && position < verbEnd) found[0] = { kind: "bad", text: found[0]!.text };
  return found;
}
