// Whoever was away for a while sees what a fresh load shows: new messages, edits, deletions, however many.

import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";
import type { Person } from "../support/person.ts";

test.use({ settings: { PARLOR_MESSAGE_RATE: "0" } });

/** A page whose line can be cut and mended. */
async function withALine(page: Page): Promise<{ cut: () => Promise<void>; mend: () => void }> {
  let isCut = false;
  const lines = new Set<() => Promise<void>>();
  await page.routeWebSocket(/\/ws$/, (socket) => {
    if (isCut) return void socket.close({ code: 1011 });
    socket.connectToServer();
    lines.add(() => socket.close({ code: 1011 }));
  });
  return {
    cut: async () => {
      isCut = true;
      for (const close of lines) await close();
      lines.clear();
    },
    mend: () => (isCut = false),
  };
}

/** What the end of the log says, by its messages' accessible names. */
async function shown(person: Person): Promise<(string | null)[]> {
  const names = await person.log.getByRole("article").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  return names.slice(-12);
}

async function changes(person: Person, button: string, message: RegExp): Promise<void> {
  await person.log.getByRole("article", { name: message }).hover();
  await person.log.getByRole("button", { name: button }).click();
}

for (const { name, count } of [
  { name: "a few entries", count: 3 },
  { name: "more than can be replayed", count: 1_100 },
]) {
  test(`away for ${name}`, async ({ somebody, person }) => {
    const carlos = await person("carlos");
    const john = await somebody();
    const line = await withALine(john.page);
    await john.page.reload();
    await john.logsIn("john");
    await carlos.says("Helo");
    await carlos.says("Regretted");
    await john.sees("Regretted");

    await line.cut();
    await expect(john.page.getByRole("status").filter({ hasText: /offline|reconnect|connection/i })).toBeVisible();
    await changes(carlos, "Edit", /^Carlos: Helo/);
    await carlos.log.getByRole("textbox").fill("Hello");
    await carlos.log.getByRole("textbox").press("Enter");
    await changes(carlos, "Delete", /^Carlos: Regretted/);
    await carlos.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(carlos.message("Regretted")).toHaveCount(0);
    const texts = Array.from({ length: count }, (_, n) => `Line ${n + 1} of ${count}`);
    for (let at = 0; at < count; at += 100) await carlos.saysAllOf(texts.slice(at, at + 100), "general");

    line.mend();
    await john.sees(`Line ${count} of ${count}`);
    await expect(john.message("Regretted")).toHaveCount(0);
    const afterwards = await shown(john);
    await john.page.reload();
    await john.sees(`Line ${count} of ${count}`);
    await expect.poll(() => shown(john)).toEqual(afterwards);
    if (count < 10) await john.sees("Hello");
  });
}
