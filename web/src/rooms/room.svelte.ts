// One room as one sees it: name, membership, how far one has read, how much is new. Knows no messages' texts and no socket.
import type { Message, PublicRoom, Room, RoomKind, Seq } from "../protocol";

export class OneRoom {
  readonly id: string;
  readonly kind: RoomKind;
  name = $state("");
  topic = $state("");
  member = $state(false);
  /** In a direct room, the other person's id. */
  otherId = $state("");
  readSeq = $state(0);
  unread = $state(0);
  /** The server's count, and the entry up to which it counts. */
  #base = 0;
  #baseSeq: Seq = 0;
  /** Messages counted here since: id to number. */
  #fresh = new Map<string, Seq>();

  constructor(room: Room | PublicRoom) {
    this.id = room.id;
    this.kind = room.kind;
    this.tell(room);
  }

  /** The server describes the room anew. */
  tell(room: Room | PublicRoom): void {
    this.name = room.name;
    this.topic = room.topic;
    if (!("member" in room)) return;
    this.member = room.member;
    this.otherId = room.with?.id ?? this.otherId;
    if (!room.member || room.last_seq === undefined) return;
    this.#baseSeq = room.last_seq;
    this.#base = (room.read_seq ?? 0) >= this.readSeq ? (room.unread ?? 0) : 0;
    this.readSeq = Math.max(this.readSeq, room.read_seq ?? 0);
    this.#forget(Math.max(this.readSeq, this.#baseSeq));
  }

  left(): void {
    this.member = false;
    this.#base = 0;
    this.#forget(Infinity);
  }

  /** Somebody else's message arrived; true if it is new to this person. */
  counts(message: Pick<Message, "id" | "seq">): boolean {
    if (message.seq <= Math.max(this.readSeq, this.#baseSeq)) return false;
    this.#fresh.set(message.id, message.seq);
    this.#sum();
    return true;
  }

  /** A message was deleted; false if only the server can say whether it was among the unread. */
  uncounts(id: string): boolean {
    const counted = this.#fresh.delete(id);
    this.#sum();
    return counted || this.#base === 0;
  }

  /** This person has read up to `seq`, in this tab: the end of the log. */
  readTo(seq: Seq): void {
    this.readSeq = Math.max(this.readSeq, seq);
    this.#base = 0;
    this.#forget(seq);
  }

  /** This person has read up to `seq`, in some tab. */
  readElsewhere(seq: Seq, unread: number): void {
    if (seq < this.readSeq) return;
    this.readSeq = seq;
    this.#base = 0;
    this.#forget(seq);
    this.#base = Math.max(0, unread - this.#fresh.size);
    this.#sum();
  }

  #forget(upTo: Seq): void {
    for (const [id, seq] of this.#fresh) if (seq <= upTo) this.#fresh.delete(id);
    this.#sum();
  }

  #sum(): void {
    this.unread = this.#base + this.#fresh.size;
  }
}
