// A message's text as parts: words, links, code. Knows no DOM; nothing here ever becomes HTML.

export type Span = { kind: "text" | "code"; text: string } | { kind: "link"; text: string; href: string };
export type Block = { kind: "spans"; spans: Span[] } | { kind: "code"; text: string; language: string };

const FENCE = /^[ \t]*```[ \t]*([\w+#.-]*)[ \t]*$/;
const INLINE = /`([^`\n]+)`|https?:\/\/[^\s<>"`]+/gi;

/** Blocks in their order. A fence that never closes is text like any other. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  const lines = text.split("\n");
  let plain: string[] = [];
  const flush = () => {
    if (plain.some((line) => line !== "")) found.push({ kind: "spans", spans: spans(plain.join("\n")) });
    plain = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const fence = FENCE.exec(lines[at]!);
    const end = fence ? lines.findIndex((line, i) => i > at && /^[ \t]*```[ \t]*$/.test(line)) : -1;
    if (!fence || end < 0) {
      plain.push(lines[at]!);
      continue;
    }
    flush();
    found.push({ kind: "code", text: lines.slice(at + 1, end).join("\n"), language: fence[1]! });
    at = end;
  }
  flush();
  return found;
}

/** Words, links and inline code of one block. */
export function spans(text: string): Span[] {
  const found: Span[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code] = match;
    const link = code === undefined ? linkIn(whole) : null;
    if (code === undefined && !link) continue;
    if (match.index > from) found.push({ kind: "text", text: text.slice(from, match.index) });
    found.push(link ?? { kind: "code", text: code! });
    from = match.index + (link ? link.text.length : whole.length);
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}

/** The address at the start of `text`, without the punctuation that belongs to the sentence around it. */
function linkIn(text: string): Extract<Span, { kind: "link" }> | null {
  let address = text;
  for (let end = address.at(-1)!; ; end = address.at(-1)!) {
    const open = { ")": "(", "]": "[", "}": "{" }[end];
    const lonely = open !== undefined && count(address, open) < count(address, end);
    if (!lonely && !".,;:!?'*_~".includes(end)) break;
    address = address.slice(0, -1);
  }
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || !url.hostname) return null;
  return { kind: "link", text: address, href: url.href };
}

const count = (text: string, character: string) => text.split(character).length - 1;
