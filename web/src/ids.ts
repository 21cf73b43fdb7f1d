// Makes UUIDs of version 7, which grow with time. Knows no protocol and no store.

let last = 0;
let counter = 0;

/** A new id, lower case with hyphens; within one page each is greater than the one before. */
export function newId(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  if (now > last) {
    last = now;
    counter = ((bytes[6]! & 0x07) << 8) | bytes[7]!; // half of the 12 bits stay free to count up
  } else if (++counter > 0xfff) {
    last += 1;
    counter = 0;
  }
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(last / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
