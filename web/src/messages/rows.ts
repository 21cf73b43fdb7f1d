// The rows of a room's log, top to bottom: days, the "New" line, messages in groups, what is not sent or answered yet. Pure.
import type { Message } from "../protocol";
import { dayName, dayOf } from "./time";

/** A message of one's own that is not in the log: on its way, refused, or confirmed a moment ago. */
export type Unsent = { id: string; text: string; created: number; state: "pending" | "failed" | "delivered"; reason: string };
/** A command of one's own that has no outcome yet. */
export type Waiting = { id: string; text: string; asked: number; bot: string; progress: string; fraction: number | null };

export type Row =
  | { kind: "day"; key: string; name: string }
  | { kind: "new"; key: string }
  /** `first` of a group: with avatar, name and time. */
  | { kind: "message"; key: string; message: Message; first: boolean }
  | { kind: "unsent"; key: string; unsent: Unsent; first: boolean }
  | { kind: "waiting"; key: string; waiting: Waiting };

const GROUP = 5 * 60_000;

export type Contents = {
  messages: readonly Message[];
  unsent: readonly Unsent[];
  waiting: readonly Waiting[];
  /** One's own id: the author of what is unsent, and of what is never new. */
  me: string;
  /** The first message of somebody else with this number or a higher one stands under the "New" line. */
  newFrom: number | null;
  now: number;
};

export function rows({ messages, unsent, waiting, me, newFrom, now }: Contents): Row[] {
  const found: Row[] = [];
  let day = "";
  let last = { author: "", time: 0 };
  let line = newFrom === null;

  const startDay = (time: string | number) => {
    if (dayOf(time) === day) return;
    day = dayOf(time);
    last = { author: "", time: 0 };
    found.push({ kind: "day", key: `day ${day}`, name: dayName(time, now) });
  };
  const isFirst = (author: string, time: number) => {
    const first = author !== last.author || time - last.time > GROUP;
    last = { author, time: first ? time : last.time };
    return first;
  };

  for (const message of messages) {
    startDay(message.created);
    if (!line && message.seq >= newFrom! && message.author.id !== me) {
      line = true;
      last = { author: "", time: 0 };
      found.push({ kind: "new", key: "new" });
    }
    if (message.asked) last = { author: "", time: 0 };
    const first = isFirst(message.author.id, Date.parse(message.created));
    found.push({ kind: "message", key: message.id, message, first });
  }
  for (const one of unsent) {
    startDay(one.created);
    found.push({ kind: "unsent", key: one.id, unsent: one, first: isFirst(me, one.created) });
  }
  for (const one of waiting) found.push({ kind: "waiting", key: one.id, waiting: one });
  return found;
}
