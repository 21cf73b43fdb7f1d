// All rooms one can see, and which one is open. Knows no messages and no socket.
import type { PublicRoom, Room } from "../protocol";
import { OneRoom } from "./room.svelte";

export class Rooms {
  all = $state.raw<OneRoom[]>([]);
  openId = $state("");
  open = $derived(this.all.find((room) => room.id === this.openId));
  /** Public and private rooms: one's own, then those one may join, by name. */
  named = $derived(this.all.filter((room) => room.kind !== "direct").sort((one, other) => Number(other.member) - Number(one.member) || byName(one, other)));
  /** Conversations with one person, by name. */
  direct = $derived(this.all.filter((room) => room.kind === "direct").sort(byName));
  unread = $derived(this.all.reduce((sum, room) => sum + (room.member ? room.unread : 0), 0));

  find(id: string): OneRoom | undefined {
    return this.all.find((room) => room.id === id);
  }

  /** Where one goes when there is nowhere else to be. */
  home(): OneRoom | undefined {
    const own = this.named.filter((room) => room.member);
    const general = (room: OneRoom) => room.name === "general";
    return own.find(general) ?? own[0] ?? this.named.find(general) ?? this.named[0] ?? this.direct[0];
  }

  /** The server describes a room, known or not. */
  tell(room: Room | PublicRoom): OneRoom {
    const known = this.find(room.id);
    if (known) {
      known.tell(room);
      return known;
    }
    const made = new OneRoom(room);
    this.all = [...this.all, made];
    return made;
  }

  /** The server names all rooms one is a member of; returns those one was in until now. */
  memberOf(rooms: Room[]): OneRoom[] {
    const now = new Set(rooms.map((room) => room.id));
    const lost = this.all.filter((room) => room.member && !now.has(room.id));
    for (const room of rooms) this.tell(room);
    for (const room of lost) this.gone(room.id);
    return lost;
  }

  /** One is no member any more: a public room stays in sight, any other is gone. */
  gone(id: string): void {
    const room = this.find(id);
    room?.left();
    if (room?.kind !== "public") this.all = this.all.filter((one) => one.id !== id);
  }
}

const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });
const byName = (one: OneRoom, other: OneRoom) => collator.compare(one.name, other.name);
