// The page for everybody: no serious finding of axe in any state, in light, dark and high contrast, wide and narrow.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";

/** What axe finds serious or critical, by rule and place. */
async function findings(page: Page): Promise<string[]> {
  // Something that is still fading in has not its own colours yet.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`));
}

test("what is not accessible is found", async ({ somebody }) => {
  const { page } = await somebody();
  await page.evaluate(() => document.querySelector("form")?.append(document.createElement("button")));
  expect((await findings(page)).join()).toContain("button-name");
});

const looks = [
  { name: "light", colorScheme: "light", contrast: "no-preference" },
  { name: "dark", colorScheme: "dark", contrast: "no-preference" },
  { name: "light, high contrast", colorScheme: "light", contrast: "more" },
  { name: "dark, high contrast", colorScheme: "dark", contrast: "more" },
] as const;

for (const { name, colorScheme, contrast } of looks) {
  test(`every state is accessible: ${name}`, async ({ somebody, person }) => {
    const john = await person("john");
    await john.says("A first message, with https://parlor.invalid/link and `code`");
    const carlos = await somebody();
    const page = carlos.page;
    await page.emulateMedia({ colorScheme, contrast, reducedMotion: "reduce" });
    const isFine = async (state: string) => expect(await findings(page), state).toEqual([]);

    await isFine("login");
    await carlos.triesToLogIn("carlos", "4321");
    await expect(carlos.alert).toBeVisible();
    await isFine("login refused");
    await carlos.triesToLogIn("carlos", "1234");
    await carlos.isIn("general");
    await carlos.says("/stock aapl.us");
    await carlos.sees("AAPL.US quote is $175.43 per share");
    await carlos.says("An answer of one's own");
    await isFine("chat");
    await carlos.composer.pressSequentially("/");
    await expect(page.getByRole("listbox")).toBeVisible();
    await isFine("completion");
    await carlos.says("/stock aa$pl");
    await expect(carlos.alert).toBeVisible();
    await isFine("a command refused");
    await page.getByRole("button", { name: "Members" }).click();
    await isFine("members");
    await page.getByRole("button", { name: "New room" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("general");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
    await isFine("a new room refused");
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("the whole way fits, nothing is cut off, and axe finds nothing serious", async ({ somebody, person }) => {
    const john = await person("john");
    await john.says("x".repeat(300));
    const carlos = await somebody();
    const page = carlos.page;
    const fits = async (state: string) => {
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, `${state}: as wide as the screen`).toBeLessThanOrEqual(390);
      expect(await findings(page), state).toEqual([]);
    };
    await fits("login");
    await carlos.triesToLogIn("carlos", "1234");
    await carlos.isIn("general");
    await expect(carlos.log.getByRole("article")).toHaveCount(1);
    await fits("room");
    await carlos.says("from a phone");
    await john.sees("from a phone");
    await page.getByRole("button", { name: /^All rooms/ }).click();
    await expect(carlos.navigation).toBeVisible();
    await fits("rooms");
    await page.getByRole("button", { name: "Message John" }).click();
    await carlos.isIn("John");
    await fits("conversation");
  });
});

test("the keyboard alone leads from the login to a sent message", async ({ somebody, person }) => {
  const john = await person("john");
  const carlos = await somebody();
  const keyboard = carlos.page.keyboard;
  await expect(carlos.username).toBeFocused();
  await keyboard.type("carlos");
  await keyboard.press("Tab");
  await keyboard.type("1234");
  await keyboard.press("Enter");
  await carlos.isIn("general");
  await expect(carlos.composer).toBeFocused();
  await keyboard.type("by keyboard");
  await keyboard.press("Enter");
  await john.sees("by keyboard");
});
