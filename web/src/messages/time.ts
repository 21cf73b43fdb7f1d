// Times and days as people read them, in the reader's own time zone. Knows no message.

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });
const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-GB", options);
const weekday = part({ weekday: "long" });
const month = part({ month: "long" });

/** 09:47 */
export const clock = (time: string | number): string => clockFormat.format(new Date(time));

/** 24 November 2026 at 09:47:03 */
export const full = (time: string | number): string => fullFormat.format(new Date(time));

/** The same for two times on one day. */
export function dayOf(time: string | number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Today, Yesterday, or Monday, 23 November; with the year when it is not this one. */
export function dayName(time: string | number, now: number): string {
  const date = new Date(time);
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (dayOf(time) === dayOf(now)) return "Today";
  if (dayOf(time) === dayOf(yesterday.getTime())) return "Yesterday";
  const year = date.getFullYear() === today.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${weekday.format(date)}, ${date.getDate()} ${month.format(date)}${year}`;
}
