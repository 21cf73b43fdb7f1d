// The chat of one logged-in person: takes the server's frames to rooms, timelines, outbox and commands. Knows no component.
import { Commands } from "./composer/commands.svelte";
import { isCommand, unescaped } from "./composer/line";
import { entryOf, type Entry, type Taken } from "./log";
import { Outgoing } from "./messages/outgoing.svelte";
import { Timeline } from "./messages/timeline.svelte";
import { People } from "./people/people.svelte";
import type { Message, Person, Room, ServerFrame } from "./protocol";
import { Reading } from "./reading.svelte";
import { directRoom, listRooms } from "./rooms/calls";
import { lastRoom, rememberRoom } from "./rooms/last";
import { Rooms } from "./rooms/rooms.svelte";
import { Connection, openWire, type Link, type Wire } from "./socket";

/** The protocol that this page speaks. */
export const PROTOCOL = 1;
const RESUME_ROOMS = 500;
const RECOUNT_PAUSE = 1_000;
const RESUME_PAUSE = 5_000;

export type Hooks = {
  /** The session is over. */
  loggedOut(): void;
  /** Perhaps the session is over: ask. */
  refused(): void;
};

type Frame<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

export class Chat {
  readonly rooms = new Rooms();
  readonly people = new People();
  readonly reading = new Reading();
  readonly commands: Commands;
  readonly outgoing: Outgoing;
  readonly connection: Connection;
  me = $state.raw<Person>({ id: "", username: "", name: "" });
  link = $state.raw<Link>({ state: "connecting" });
  /** The rooms are known: the server has said hello. */
  ready = $state(false);
  /** A room is about to open. */
  opening = $state(false);
  /** The server speaks a newer protocol than this page. */
  outdated = $state(0);
  /** Grows with each change of a membership, by room. */
  memberships = $state<Record<string, number>>({});
  #timelines = $state.raw<ReadonlyMap<string, Timeline>>(new Map());
  timeline = $derived(this.#timelines.get(this.rooms.openId));
  /** Rooms that wait for `resumed`, also while a refused `resume` waits to be sent again. */
  #resuming = new Set<string>();
  #resumeAgain: ReturnType<typeof setTimeout> | undefined;
  #recount: ReturnType<typeof setTimeout> | undefined;

  constructor(
    me: Person,
    hooks: Hooks,
    /** The room to begin with, if one may see it. */
    private readonly wanted: string,
    open: () => Wire = openWire,
  ) {
    this.me = me;
    this.people.learn(me);
    const frame = (received: ServerFrame) => this.#frame(received);
    const link = (now: Link) => {
      this.link = now;
      clearTimeout(this.#resumeAgain); // that was another connection's
    };
    this.connection = new Connection(open, { frame, link, loggedOut: hooks.loggedOut, refused: hooks.refused });
    this.commands = new Commands((asked) => this.#send(asked));
    this.outgoing = new Outgoing(me.id, ({ id, room, text }) => this.#send({ type: "message", id, room, text }));
  }

  async start(): Promise<void> {
    this.connection.start();
    await this.outgoing.load();
  }

  close(): void {
    this.connection.stop();
    this.outgoing.close();
    this.commands.close();
    this.reading.close();
    clearTimeout(this.#recount);
  }

  /** Goes to a room. */
  open(id: string): void {
    const room = this.rooms.find(id);
    if (!room) return;
    if (this.rooms.openId !== id) this.timeline?.trim();
    this.rooms.openId = id;
    this.reading.entered(room);
    rememberRoom(this.me.id, id);
    if (room.member) void this.#load(id);
  }

  /** Goes to the conversation with a person. Until it is known no room is open, so that nothing is written into another. */
  async openDirect(person: string): Promise<void> {
    const known = this.rooms.direct.find((room) => room.otherId === person);
    if (known) return this.open(known.id);
    const before = this.rooms.openId;
    this.opening = true;
    this.rooms.openId = "";
    try {
      const room = await directRoom(person);
      this.welcome(room);
      this.open(room.id);
    } catch (error) {
      this.open(before);
      throw error;
    } finally {
      this.opening = false;
    }
  }

  /** Sends what was written into a room's composer: a message, or a command. */
  write(room: string, text: string): void {
    if (isCommand(text)) this.commands.ask(room, text);
    else this.outgoing.write(room, unescaped(text));
  }

  /** A room one has just made, joined or been given, by the answer of the call: it need not wait for the socket. */
  welcome(room: Room): void {
    this.rooms.tell(room);
    if (room.member) this.#timelineOf(room);
  }

  /** The page is looked at again, or the network is back: is the line still alive? */
  probe(): void {
    this.connection.woken();
    const [room, timeline] = [...this.#timelines][0] ?? [];
    if (timeline && this.#send({ type: "resume", rooms: { [room!]: timeline.log.last } })) this.#resuming.add(room!);
  }

  /** The person's attention changed. */
  look(): void {
    if (this.timeline?.loaded) this.reading.look(this.timeline.log.last);
  }

  async refresh(): Promise<void> {
    const rooms = await listRooms().catch(() => []);
    for (const room of rooms) this.welcome(room);
    if (this.ready && !this.rooms.open && !this.opening) this.open(this.rooms.home()?.id ?? "");
  }

  #send(frame: Parameters<Connection["send"]>[0]): boolean {
    const sent = this.connection.send(frame);
    if (sent) this.connection.expect();
    return sent;
  }

  #frame(frame: ServerFrame): void {
    const entry = entryOf(frame);
    if (entry) return this.#entry(entry);
    switch (frame.type) {
      case "hello": return this.#hello(frame);
      case "ack": return this.#ack(frame);
      case "resumed": return this.#resumed(frame);
      case "reset": return this.#reset(frame);
      case "room_created": return void this.rooms.tell(frame.room);
      case "room_joined": return this.#joined(frame.room);
      case "room_gone": return this.#gone(frame.room);
      case "read": return this.rooms.find(frame.room)?.readElsewhere(frame.read_seq, frame.unread);
      case "person_renamed": return this.#renamed(frame.user);
      case "accepted": return this.commands.accepted(frame);
      case "progress": return this.commands.progress(frame);
      case "answer": return this.commands.answer(frame);
      case "error": return void this.#error(frame);
    }
  }

  #hello({ protocol, user, rooms }: Frame<"hello">): void {
    this.me = user;
    this.outdated = protocol > PROTOCOL ? protocol : 0;
    this.people.learn(user);
    for (const lost of this.rooms.memberOf(rooms)) this.#gone(lost.id);
    this.#resuming.clear();
    const behind: [string, number][] = [];
    for (const room of rooms) {
      const timeline = this.#timelineOf(room);
      if (!timeline.log.loaded) timeline.reset(room.last_seq ?? 0);
      else if (timeline.log.last !== room.last_seq) behind.push([room.id, timeline.log.last]);
    }
    this.#resume(behind);
    this.outgoing.online();
    this.commands.online();
    this.reading.save();
    void this.refresh();
    void this.people.refresh();
    void this.commands.refresh();
    this.ready = true;
    const wanted = [this.wanted, lastRoom(user.id)].map((id) => this.rooms.find(id)).find((room) => room !== undefined);
    if (!this.rooms.open && !this.opening) this.open((wanted ?? this.rooms.home())?.id ?? "");
    else if (this.rooms.open?.member) void this.#load(this.rooms.openId);
  }

  #timelineOf(room: Room): Timeline {
    const known = this.#timelines.get(room.id);
    if (known) return known;
    const made = new Timeline(room.id, room.last_seq ?? 0, (taken) => this.#took(room.id, taken));
    this.#timelines = new Map([...this.#timelines, [room.id, made]]);
    return made;
  }

  async #load(room: string): Promise<void> {
    await this.#timelines.get(room)?.load();
    this.#settle(room);
    this.look();
  }

  #resume(rooms: [string, number][]): void {
    for (const [room] of rooms) this.#resuming.add(room);
    for (let from = 0; from < rooms.length; from += RESUME_ROOMS)
      this.#send({ type: "resume", rooms: Object.fromEntries(rooms.slice(from, from + RESUME_ROOMS)) });
  }

  /** A `resume` was refused, and nothing says which: all that have no answer by then are asked for again. */
  #resumeLater(wait = RESUME_PAUSE): void {
    clearTimeout(this.#resumeAgain);
    const waiting = () => [...this.#timelines].filter(([room]) => this.#resuming.has(room));
    this.#resumeAgain = setTimeout(() => this.#resume(waiting().map(([room, { log }]) => [room, log.last])), wait);
  }

  #entry(entry: Entry): void {
    if (entry.type === "message") {
      const message = entry as Entry & Message;
      if (message.command_id) this.commands.answered(message.command_id);
      this.outgoing.arrived(message.id);
    }
    const timeline = this.#timelines.get(entry.room);
    if (timeline) this.#took(entry.room, timeline.take(entry));
  }

  #took(room: string, { applied, gap }: Taken): void {
    for (const entry of applied) this.#applied(entry);
    const timeline = this.#timelines.get(room);
    if (gap && timeline && !this.#resuming.has(room)) this.#resume([[room, timeline.log.last]]);
    if (room === this.rooms.openId) this.look();
    if (applied.length > 0) this.#settle(room);
  }

  #applied(entry: Entry): void {
    const room = this.rooms.find(entry.room);
    const known = entry as Frame<"message" | "message_deleted" | "member_joined" | "member_left" | "room_changed">;
    switch (known.type) {
      case "message": return this.#message(known);
      case "message_deleted":
        if (room && !room.uncounts(known.message)) this.#askCounts();
        return;
      case "member_joined":
      case "member_left":
        this.people.learn(known.user);
        this.memberships[entry.room] = (this.memberships[entry.room] ?? 0) + 1;
        return;
      case "room_changed":
        if (room && known.changes.topic !== undefined) room.topic = known.changes.topic;
    }
  }

  #message(message: Message): void {
    const { id, name, bot } = message.author;
    if (!bot && this.people.find(id)) this.people.learn({ ...this.people.find(id)!, name });
    const room = this.rooms.find(message.room);
    if (!room || id === this.me.id || message.deleted) return;
    const first = room.unread === 0;
    const fresh = room.counts(message);
    if (fresh && message.room === this.rooms.openId) this.reading.arrived(message.seq, first);
  }

  /** Only the server can say how many are unread, after one of those it had counted was deleted. */
  #askCounts(): void {
    this.#recount ??= setTimeout(() => {
      this.#recount = undefined;
      void this.refresh();
    }, RECOUNT_PAUSE);
  }

  #ack(frame: Frame<"ack">): void {
    this.outgoing.acked(frame);
    this.#settle(frame.room);
  }

  #settle(room: string): void {
    this.outgoing.settle(room, this.#timelines.get(room)?.log.last);
  }

  #resumed({ room, seq }: Frame<"resumed">): void {
    this.#resuming.delete(room);
    const timeline = this.#timelines.get(room);
    if (timeline) this.#took(room, timeline.resumed(seq));
  }

  #reset({ room, seq }: Frame<"reset">): void {
    this.#resuming.delete(room);
    this.#timelines.get(room)?.reset(seq);
    if (room === this.rooms.openId) void this.#load(room);
  }

  #joined(room: Room): void {
    this.rooms.tell(room);
    if (room.with) this.people.learn(room.with);
    const timeline = this.#timelineOf(room);
    if (timeline.log.last !== room.last_seq) timeline.reset(room.last_seq ?? 0);
    this.memberships[room.id] = (this.memberships[room.id] ?? 0) + 1;
    if (room.id === this.rooms.openId) void this.#load(room.id);
  }

  #gone(id: string): void {
    this.rooms.gone(id);
    this.#resuming.delete(id);
    const left = new Map(this.#timelines);
    left.delete(id);
    this.#timelines = left;
    if (this.rooms.openId === id && !this.rooms.open) this.open(this.rooms.home()?.id ?? "");
  }

  #renamed(person: Person): void {
    this.people.learn(person);
    if (person.id === this.me.id) this.me = person;
    for (const room of this.rooms.direct) if (room.otherId === person.id) room.name = person.name;
  }

  async #error(frame: Frame<"error">): Promise<void> {
    if (frame.id === null && frame.code === "rate_limited") return this.#resumeLater(frame.retry_after_ms);
    if (this.commands.refused(frame) || (await this.outgoing.refused(frame))) return;
    this.commands.tell(this.rooms.openId, frame.message);
  }
}
