// What a person leaves behind is there when they come back: drafts, the line where the news begin, unsent messages.

import { readlink, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import config from "../playwright.config.ts";
import { Person } from "../support/person.ts";
import { expect, test } from "../support/test.ts";

test("each room keeps its own draft, over a reload too", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.composer.fill("half a thought");
  await carlos.page.getByRole("button", { name: "Message John" }).click();
  await carlos.isIn("John");
  await expect(carlos.composer).toHaveValue("");
  await carlos.composer.fill("half a word to John");
  await carlos.opens("general");
  await expect(carlos.composer).toHaveValue("half a thought");
  await carlos.page.reload();
  await carlos.isIn("general");
  await expect(carlos.composer).toHaveValue("half a thought");
  await carlos.opens("John");
  await expect(carlos.composer).toHaveValue("half a word to John");
});

test("a line shows where the news begin, and is still there after a reload", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("known");
  await john.sees("known");
  await john.page.getByRole("button", { name: "Message Gerard" }).click();
  await john.isIn("Gerard");
  await carlos.says("news");
  await expect(john.room("general")).toHaveAccessibleDescription("1 unread");
  await john.page.reload();
  await john.opens("general");
  await john.sees("news");
  const order = () => john.log.evaluate((log) => log.textContent!.replace(/\s+/g, " "));
  await expect.poll(order).toMatch(/known.*New.*news/);
});

/** The texts that the browser has written down. */
function kept(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((found, failed) => {
        const opening = indexedDB.open("parlor");
        opening.onerror = () => failed(opening.error!);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("outbox").objectStore("outbox").getAll();
          reading.onsuccess = () => {
            opening.result.close();
            found((reading.result as { text: string }[]).map(({ text }) => text));
          };
        };
      }),
  );
}

test("what was written offline survives the end of the browser, and arrives once, in order", async ({ person, parlor }) => {
  const john = await person("john");
  const profile = await mkdtemp(join(tmpdir(), "parlor-profile-"));
  const opens = async (): Promise<[BrowserContext, Person]> => {
    const context = await chromium.launchPersistentContext(profile, config.use!.launchOptions);
    const page = await context.newPage();
    await page.goto(parlor.url).catch(() => undefined);
    return [context, new Person(page)];
  };
  const [first, carlos] = await opens();
  await carlos.logsIn("carlos");
  await parlor.isKilled();
  const texts = ["one", "two", "three"].map((word) => `${word}, written offline`);
  for (const text of texts) {
    await carlos.says(text);
    await carlos.sees(text);
  }
  await expect.poll(() => kept(carlos.page)).toEqual(texts);
  // The profile's lock names the browser's process: a crash, a power cut.
  const owner = Number((await readlink(join(profile, "SingletonLock"))).split("-").at(-1));
  const closed = first.waitForEvent("close");
  process.kill(owner, "SIGKILL");
  await closed;
  await rm(join(profile, "SingletonLock"), { force: true });

  await parlor.startsAgain();
  const [second, again] = await opens();
  // The end may have come before the browser had written the cookie down.
  await expect(again.username.or(again.composer)).toBeVisible();
  if (await again.username.isVisible()) await again.triesToLogIn("carlos", "1234");
  await again.isIn("general");
  for (const text of texts) {
    await again.sees(text);
    await john.sees(text);
  }
  const heard = await john.log.getByRole("article", { name: /written offline/ }).evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  expect(heard).toEqual(texts.map((text) => `Carlos: ${text}`));
  await second.close();
  await rm(profile, { recursive: true, force: true });
});
