// The commands that exist, those one has asked and that have no outcome yet, and what only the asker is told. Knows no DOM.
import { call } from "../http";
import { newId } from "../ids";
import type { ClientFrame, Command, Commands as Catalogue, ServerFrame } from "../protocol";
import { commandFor, nearest, verb } from "./line";

export type Asked = {
  id: string;
  room: string;
  text: string;
  asked: number;
  /** Whose command it is. */
  bot: string;
  /** Whether it shows: a quick answer needs no sign of waiting before it. */
  shown: boolean;
  progress: string;
  fraction: number | null;
};

/** For this person alone, above the composer of a room. */
export type Note = {
  id: string;
  room: string;
  kind: "error" | "answer";
  author: string;
  text: string;
  /** The command line it is about, and the character at fault. */
  line: string;
  position: number | null;
  /** Whether asking the same again can help. */
  again: boolean;
  /** A command that was probably meant. */
  meant: string;
};

/** Refusals of the line itself: it goes back into the composer to be repaired. */
const REPAIRABLE = new Set(["invalid_arguments", "unknown_command", "invalid_request", "too_large", "forbidden", "unavailable", "rate_limited"]);
const NOTES = 3;
const SHOWN_AFTER = 250;
const REFRESH = 5_000;

type Frame<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export class Commands {
  catalogue = $state.raw<Command[]>([]);
  waiting = $state.raw<Asked[]>([]);
  notes = $state.raw<Note[]>([]);
  /** A line to put back into a room's composer if that is empty. */
  putBack: (room: string, line: string) => void = () => undefined;
  #refreshed = 0;
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly send: (frame: ClientFrame) => boolean) {}

  async refresh(): Promise<void> {
    if (Date.now() - this.#refreshed < REFRESH) return;
    this.#refreshed = Date.now();
    const answer = await call<Catalogue>("GET", "/api/commands").catch(() => null);
    if (answer) this.catalogue = answer.commands.toSorted((one, other) => one.name.localeCompare(other.name));
    else this.#refreshed = 0;
  }

  ask(room: string, text: string): void {
    const id = newId();
    const bot = commandFor(text, this.catalogue)?.bot ?? "";
    this.notes = this.notes.filter((note) => note.room !== room);
    const asked: Asked = { id, room, text, asked: Date.now(), bot, shown: false, progress: "", fraction: null };
    if (!this.send({ type: "command", id, room, text })) {
      this.#note(asked, "unavailable", "You are offline, so nobody could be asked.", null);
      return;
    }
    this.waiting = [...this.waiting, asked];
    setTimeout(() => this.#change(id, { shown: true }), SHOWN_AFTER);
  }

  /** A new connection: the outcome may have been lost with the old one. The same id never runs twice. */
  online(): void {
    for (const { id, room, text } of this.waiting) this.send({ type: "command", id, room, text });
  }

  accepted({ id }: Frame<"accepted">): void {
    const asked = this.waiting.find((one) => one.id === id);
    if (!asked) return;
    const deadline = commandFor(asked.text, this.catalogue)?.deadline_ms ?? 10_000;
    clearTimeout(this.#timers.get(id));
    // No outcome soon after the deadline: it may have gone to a lost connection. Asking again repeats it.
    const again = () => void this.send({ type: "command", id, room: asked.room, text: asked.text });
    this.#timers.set(id, setTimeout(again, deadline + 3_000));
  }

  progress({ id, fraction, text }: Frame<"progress">): void {
    this.#change(id, { fraction, progress: text });
  }

  answer({ id, room, author, text }: Frame<"answer">): void {
    const asked = this.#done(id);
    if (!asked) return;
    this.#add({ id, room, kind: "answer", author: author.name, text, line: asked.text, position: null, again: false, meant: "" });
  }

  /** The outcome stands in the room. */
  answered(id: string): void {
    this.#done(id);
  }

  /** True if the error was about a command of this tab. */
  refused({ id, code, message, position }: Frame<"error">): boolean {
    const asked = id === null ? undefined : this.#done(id);
    if (!asked) return false;
    this.#note(asked, code, message, position ?? null);
    return true;
  }

  /** Something to tell the person that belongs to no command. */
  tell(room: string, text: string): void {
    this.#add({ id: newId(), room, kind: "error", author: "", text, line: "", position: null, again: false, meant: "" });
  }

  dismiss(id: string): void {
    this.notes = this.notes.filter((note) => note.id !== id);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #note(asked: Asked, code: string, text: string, position: number | null): void {
    const { id, room, text: line } = asked;
    const repairable = REPAIRABLE.has(code);
    const meant = code === "unknown_command" ? (nearest(verb(line), this.catalogue) ?? "") : "";
    this.#add({ id, room, kind: "error", author: asked.bot, text, line, position, again: !repairable, meant });
    if (repairable) this.putBack(room, line);
  }

  #add(note: Note): void {
    const others = this.notes.filter((one) => one.room !== note.room);
    const own = this.notes.filter((one) => one.room === note.room && one.id !== note.id);
    this.notes = [...others, ...own.slice(1 - NOTES), note];
  }

  #change(id: string, change: Partial<Asked>): void {
    this.waiting = this.waiting.map((one) => (one.id === id ? { ...one, ...change } : one));
  }

  #done(id: string): Asked | undefined {
    const asked = this.waiting.find((one) => one.id === id);
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (asked) this.waiting = this.waiting.filter((one) => one.id !== id);
    return asked;
  }
}
