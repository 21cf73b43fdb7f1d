// The server stops and comes back; nobody loses anything, and nothing is there twice.

import { expect, test } from "../support/test.ts";

test("after the server restarts the pages come back by themselves, still logged in", async ({ person, parlor }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("before");
  await john.sees("before");
  await parlor.stops();
  await expect(john.page.getByRole("status").filter({ hasText: /offline/i })).toBeVisible();
  await parlor.startsAgain();
  await expect(john.page.getByRole("status").filter({ hasText: /offline/i })).toHaveCount(0);
  await carlos.says("after");
  await john.sees("after");
  await john.sees("before");
  await carlos.sees("after");
});

test("what is written while the server is away arrives once, in order", async ({ person, parlor }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("before");
  await john.sees("before");
  await parlor.isKilled();
  await expect(carlos.page.getByRole("status").filter({ hasText: /offline/i })).toBeVisible();
  const texts = ["written offline 1", "written offline 2", "written offline 3"];
  for (const text of texts) await carlos.says(text);
  await carlos.sees("written offline 3");
  await parlor.startsAgain();
  for (const text of texts) await john.sees(text);
  for (const text of texts) await carlos.sees(text);
  await john.page.reload();
  await john.sees("written offline 3");
  const shown = (await john.log.getByRole("article").allInnerTexts()).flatMap((text) => /written offline \d/.exec(text) ?? []);
  expect(shown).toEqual(texts);
});

test("one whose line was cut sees what others wrote meanwhile, in order", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("zero");
  await john.sees("zero");
  await john.context.setOffline(true);
  await john.page.reload({ waitUntil: "commit" }).catch(() => undefined);
  await carlos.says("one");
  await carlos.says("two");
  await carlos.sees("two");
  await john.context.setOffline(false);
  await john.page.goto("/");
  await john.isIn("general");
  for (const text of ["zero", "one", "two"]) await john.sees(text);
});

test("a message is kept when the tab is closed before the server is back", async ({ person, parlor }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await parlor.isKilled();
  await expect(carlos.page.getByRole("status").filter({ hasText: /offline/i })).toBeVisible();
  await carlos.says("kept over the night");
  await carlos.sees("kept over the night");
  await carlos.page.close();
  await parlor.startsAgain();
  const again = await carlos.context.newPage();
  await again.goto("/");
  await expect(again.getByRole("log").getByText("kept over the night", { exact: true })).toHaveCount(1);
  await john.sees("kept over the night");
});
