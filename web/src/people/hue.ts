// The colour and the initial that a person keeps. Pure.

/** With this seed the demo people have the same three hues by id, in the chat, and by username, at the login. */
const SEED = 6815;

/** One of eight hues, the same for an id everywhere (FNV-1a). */
export function hue(id: string): number {
  let hash = SEED;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16_777_619) >>> 0;
  return (((hash ^ (hash >>> 15)) >>> 0) % 8) + 1;
}

/** The first letter or sign of a name, as a person sees letters. */
export function initial(name: string): string {
  const first = new Intl.Segmenter("en").segment(name.trim())[Symbol.iterator]().next().value?.segment ?? "?";
  return first.toLocaleUpperCase("en");
}
