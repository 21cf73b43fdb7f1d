// A page that is older than its server says so, and reloads without losing what was being written.

import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";

/** From its next connection on, the page hears that the server speaks a newer protocol. */
async function hearsOfANewerProtocol(page: Page): Promise<void> {
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const frame = JSON.parse(String(text)) as { type: string; protocol?: number };
      socket.send(JSON.stringify(frame.type === "hello" ? { ...frame, protocol: 2 } : frame));
    });
  });
}

test("an old page says that there is a newer one, and a reload keeps the draft", async ({ somebody, person }) => {
  const john = await person("john");
  const carlos = await somebody();
  await hearsOfANewerProtocol(carlos.page);
  await carlos.logsIn("carlos");
  await expect(carlos.page.getByRole("status").filter({ hasText: /newer version/i })).toBeVisible();
  await carlos.says("it works until then");
  await john.sees("it works until then");
  await carlos.composer.fill("half a sentence");
  await Promise.all([
    carlos.page.waitForEvent("load"),
    carlos.page.getByRole("button", { name: "Reload now" }).click(),
  ]);
  await carlos.isIn("general");
  await expect(carlos.composer).toHaveValue("half a sentence");
});

test("it reloads by itself once nobody touches it, and once only", async ({ somebody }) => {
  const carlos = await somebody();
  await hearsOfANewerProtocol(carlos.page);
  await carlos.page.clock.install();
  await carlos.logsIn("carlos");
  await carlos.composer.fill("half a sentence");
  await expect(carlos.page.getByRole("status").filter({ hasText: /newer version/i })).toBeVisible();
  const reloaded = carlos.page.waitForEvent("load");
  await carlos.page.clock.fastForward("02:00");
  await reloaded;
  await carlos.isIn("general");
  await expect(carlos.composer).toHaveValue("half a sentence");
  let loads = 0;
  carlos.page.on("load", () => loads++);
  await carlos.page.clock.fastForward("05:00");
  await carlos.says("still the same page");
  await carlos.sees("still the same page");
  expect(loads).toBe(0);
});
