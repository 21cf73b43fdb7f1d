// Which room one had open last, kept in this browser. Knows no room.

const key = (person: string) => `parlor.room.${person}`;

export function rememberRoom(person: string, room: string): void {
  try {
    localStorage.setItem(key(person), room);
  } catch {
    // No storage: the next start opens `general`.
  }
}

export function lastRoom(person: string): string {
  try {
    return localStorage.getItem(key(person)) ?? "";
  } catch {
    return "";
  }
}
