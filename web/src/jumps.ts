// What the switcher offers for what is typed. Pure.
import type { Command, Person } from "./protocol";
import type { OneRoom } from "./rooms/room.svelte";

export type Jump = {
  key: string;
  room?: OneRoom;
  person?: Person;
  command?: Command;
  /** The name, cut around what matches. */
  before: string;
  match: string;
  after: string;
  /** What stands beside the name. */
  rest: string;
};
export type JumpGroup = { title: string; hits: Jump[] };
type Places = { rooms: readonly OneRoom[]; people: readonly Person[]; commands: readonly Command[]; me: string };

const MOST = 6;

/** Groups with something in them; names that begin with what is typed come first. */
export function jumps(wanted: string, { rooms, people, commands, me }: Places): JumpGroup[] {
  const typed = wanted.trim().toLowerCase();
  const cut = (name: string) => {
    const at = name.toLowerCase().indexOf(typed);
    return at < 0 ? null : { before: name.slice(0, at), match: name.slice(at, at + typed.length), after: name.slice(at + typed.length) };
  };
  const best = (hits: (Jump | null)[]) =>
    hits.filter((hit) => hit !== null).sort((one, other) => Math.min(one.before.length, 1) - Math.min(other.before.length, 1)).slice(0, MOST);

  const inUse = rooms.toSorted((one, other) => Number(other.unread > 0) - Number(one.unread > 0) || Number(other.member) - Number(one.member));
  const roomHits = inUse.map((room) => {
    const parts = cut(room.name);
    return parts && { key: room.id, room, ...parts, rest: room.member ? room.topic : "not joined" };
  });
  const talking = new Set(rooms.map((room) => room.otherId));
  const strangers = people.filter(({ id }) => id !== me && !talking.has(id));
  const personHits = strangers.map((person) => {
    const parts = cut(person.name) ?? (person.username.includes(typed) ? { before: person.name, match: "", after: "" } : null);
    return parts && { key: person.id, person, ...parts, rest: person.username };
  });
  const commandHits = commands.map((command) => {
    const parts = cut(`/${command.name}`);
    return parts && { key: `/${command.name}`, command, ...parts, rest: command.summary };
  });
  return [
    { title: "Rooms and conversations", hits: best(roomHits) },
    { title: "People", hits: best(personHits) },
    { title: "Commands", hits: typed ? best(commandHits) : [] },
  ].filter((group) => group.hits.length > 0);
}
