// Keys that work anywhere in the chat. Knows the screen and the rooms, not the protocol.
import type { Chat } from "./chat.svelte";
import { focusComposer, startLine, type Screen } from "./screen.svelte";

const REGIONS = ["nav.sidebar", "[role=log]", "[data-composer]", "aside.panel"];

export function shortcuts(event: KeyboardEvent, chat: Chat, screen: Screen): void {
  if (event.defaultPrevented || event.isComposing) return;
  const ctrl = event.ctrlKey || event.metaKey;
  const writing = event.target instanceof Element && event.target.matches("input, textarea, [contenteditable]");
  const key = ctrl && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k" ? "Ctrl K" : event.key;
  const done = () => event.preventDefault();

  if (screen.dialog) return;
  if (key === "Ctrl K") { done(); screen.show("jump"); return; }
  if (key === "F6") { done(); nextRegion(event.shiftKey ? -1 : 1); return; }
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) { done(); step(chat, key === "ArrowUp" ? -1 : 1, event.shiftKey); return; }
  if (key === "Escape") { escape(chat, screen); return; }
  if (writing || ctrl || event.altKey) return;
  if (key === "?") { done(); screen.show("keys"); return; }
  if (key === "/") { done(); startLine("/"); }
}

/** Closes the panel, or else marks the room read. */
function escape(chat: Chat, screen: Screen): void {
  if (screen.members) {
    screen.members = false;
    focusComposer();
  } else if (chat.rooms.open?.member && chat.timeline) {
    chat.reading.read(chat.rooms.open, chat.timeline.log.last);
    chat.reading.newFrom = null;
  }
}

function nextRegion(direction: 1 | -1): void {
  const regions = REGIONS.map((selector) => document.querySelector<HTMLElement>(selector)).filter((found) => found?.offsetParent);
  const here = regions.findIndex((region) => region!.contains(document.activeElement));
  const there = regions[(here + direction + regions.length) % regions.length];
  const first = there?.matches("nav, aside") ? there.querySelector<HTMLElement>("a, button, input") : there;
  first?.focus();
}

/** To the next or previous room in the sidebar's order, or to the next with something unread. */
function step(chat: Chat, direction: 1 | -1, unread: boolean): void {
  const all = [...chat.rooms.named, ...chat.rooms.direct].filter((room) => room.member && (!unread || room.unread > 0 || room.id === chat.rooms.openId));
  const here = all.findIndex((room) => room.id === chat.rooms.openId);
  const there = all[(here + direction + all.length) % all.length];
  if (there) chat.open(there.id);
}
