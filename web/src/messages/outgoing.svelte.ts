// One's own messages on their way, for the screen: unsent, refused, or confirmed and not yet in the log. Knows the outbox, not the socket.
import { newId } from "../ids";
import { Outbox, OutboxStore, tabBell, type Unconfirmed } from "../outbox";
import type { Seq, ServerFrame } from "../protocol";

type Frame<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export class Outgoing {
  unsent = $state.raw<Unconfirmed[]>([]);
  /** Confirmed, but not yet in the log: shown until they are. */
  delivered = $state.raw<(Unconfirmed & { seq: Seq })[]>([]);
  #store = new OutboxStore();
  #outbox: Outbox;

  constructor(person: string, send: (message: Unconfirmed) => boolean) {
    this.#outbox = new Outbox(person, this.#store, tabBell(person), send, () => (this.unsent = this.#outbox.messages));
  }

  load = () => this.#outbox.load();
  online = () => this.#outbox.online();
  retry = (id: string) => void this.#outbox.retry(id);
  discard = (id: string) => void this.#outbox.discard(id);
  write = (room: string, text: string) => void this.#outbox.write({ id: newId(), room, text });
  /** The message itself has arrived. */
  arrived = (id: string) => void this.#outbox.confirmed(id);

  acked({ id, seq }: Frame<"ack">): void {
    const message = this.unsent.find((one) => one.id === id);
    if (message) this.delivered = [...this.delivered, { ...message, seq }];
    void this.#outbox.confirmed(id);
  }

  /** Lets go of what a room's log has, up to `last`; of everything there when the room has no log any more. */
  settle(room: string, last: Seq | undefined): void {
    if (this.delivered.length === 0) return;
    this.delivered = this.delivered.filter((one) => one.room !== room || (last !== undefined && last < one.seq));
  }

  /** True if the error was about a message that is on its way. */
  async refused({ id, code, message, retry_after_ms: wait }: Frame<"error">): Promise<boolean> {
    return id !== null && (await this.#outbox.refused(id, code, message, wait));
  }

  close(): void {
    this.#outbox.close();
    void this.#store.close();
  }
}
