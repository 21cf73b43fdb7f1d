// The people of this server and their present names. Knows no room.
import { call } from "../http";
import type { Author, Person } from "../protocol";

export class People {
  all = $state.raw<Person[]>([]);
  #byId = $derived(new Map(this.all.map((person) => [person.id, person])));

  async refresh(): Promise<void> {
    const all = await call<Person[]>("GET", "/api/users").catch(() => null);
    if (all) this.all = all.sort(byName);
  }

  /** Somebody was seen, new or under a new name. */
  learn(person: Person): void {
    const known = this.#byId.get(person.id);
    if (known && known.name === person.name) return;
    this.all = [...this.all.filter(({ id }) => id !== person.id), person].sort(byName);
  }

  find(id: string): Person | undefined {
    return this.#byId.get(id);
  }

  /** The present name, on old messages too. */
  name(author: Author): string {
    return this.#byId.get(author.id)?.name ?? author.name;
  }
}

const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });
const byName = (one: Person, other: Person) => collator.compare(one.name, other.name);
