// What one was writing, a room each, kept over reloads in this browser. Knows no room and no socket.

const key = (person: string, room: string) => `parlor.draft.${person}.${room}`;

export function readDraft(person: string, room: string): string {
  try {
    return localStorage.getItem(key(person, room)) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(person: string, room: string, text: string): void {
  try {
    if (text) localStorage.setItem(key(person, room), text);
    else localStorage.removeItem(key(person, room));
  } catch {
    // No storage: the draft lives as long as the page.
  }
}
