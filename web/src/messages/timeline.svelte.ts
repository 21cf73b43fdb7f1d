// One room's messages for the screen: the log, and the pages of history it needs. Knows HTTP and the log, not the socket.
import { call, segment, words } from "../http";
import { RoomLog, type Entry, type Taken } from "../log";
import type { History, Message, Seq } from "../protocol";

const PAGE = 50;

export class Timeline {
  readonly log: RoomLog;
  loading = $state<"" | "first" | "older">("");
  /** Why the last page could not be had. */
  failed = $state("");
  loaded = $state(false);
  older = $state(true);
  #version = $state(0);
  #touched = false;

  constructor(
    readonly room: string,
    last: Seq,
    /** Called with what a first page revealed. */
    private readonly after: (taken: Taken) => void,
  ) {
    this.log = new RoomLog(last);
  }

  /** A new array whenever something changed, at most once a frame. */
  messages: readonly Message[] = $derived.by(() => (this.#version, [...this.log.messages]));

  take(entry: Entry): Taken {
    const taken = this.log.take(entry);
    if (taken.applied.length > 0) this.#touch();
    return taken;
  }

  resumed(seq: Seq): Taken {
    const taken = this.log.resumed(seq);
    if (taken.applied.length > 0) this.#touch();
    return taken;
  }

  /** The log has moved on beyond what could be replayed. */
  reset(seq: Seq): void {
    this.log.reset(seq);
    this.loaded = false;
  }

  async load(): Promise<void> {
    if (this.log.loaded || this.loading) return;
    await this.#page("first", "", (page) => this.after(this.log.firstPage(page)));
    this.loaded = this.log.loaded;
  }

  async loadOlder(): Promise<void> {
    const first = this.log.messages[0]?.seq;
    if (!this.log.loaded || !this.log.older || this.loading || first === undefined) return;
    await this.#page("older", `&before=${first}`, (page) => {
      // Reset on the way: the page belongs to a log that is no more.
      if (this.log.messages[0]?.seq === first) this.log.olderPage(page);
      else this.log.pageFailed();
    });
  }

  trim(): void {
    this.log.trim(4 * PAGE);
    this.#touch();
  }

  async #page(which: "first" | "older", where: string, put: (page: History) => void): Promise<void> {
    this.loading = which;
    this.failed = "";
    this.log.pageAsked();
    try {
      const page = await call<History>("GET", `/api/rooms/${segment(this.room)}/messages?limit=${PAGE}${where}`);
      put(page);
    } catch (error) {
      this.log.pageFailed();
      this.failed = words(error);
    } finally {
      this.loading = "";
      this.#show();
    }
  }

  /** Many entries in one frame of the screen are shown in one go. */
  #touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    const show = () => this.#touched && this.#show();
    requestAnimationFrame(show);
    setTimeout(show, 100); // a hidden page has no frames
  }

  #show(): void {
    this.#touched = false;
    this.older = this.log.older;
    this.#version += 1;
  }
}
