// Asking the stock bot, and being told what went wrong where one asked.

import { expect, test } from "../support/test.ts";

const QUOTE = "AAPL.US quote is $175.43 per share";

for (const line of ["/stock=aapl.us", "/stock aapl.us"]) {
  test(`${line} brings the bot's answer to both, and is no message itself`, async ({ person }) => {
    const [carlos, john] = [await person("carlos"), await person("john")];
    await carlos.says(line);
    await carlos.sees(QUOTE);
    await john.sees(QUOTE);
    await expect(john.log.getByRole("article", { name: /^Stock: AAPL\.US quote/ })).toBeVisible();
    await expect(john.log.getByRole("article")).toHaveCount(1);
    await expect(john.log.getByText(`Carlos asked ${line}`)).toBeVisible();
    await expect(carlos.log.getByText(`You asked ${line}`)).toBeVisible();
    await expect(carlos.composer).toHaveValue("");
    await john.page.reload();
    await john.isIn("general");
    await john.sees(QUOTE);
  });
}

test("an unknown command is told at the composer, to the one who asked alone", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("/nosuch thing");
  await expect(carlos.alert).toContainText(/nosuch|command/i);
  await expect(john.alert).toHaveCount(0);
  await expect(john.log.getByRole("article")).toHaveCount(0);
});

test("a bad argument is told at the composer, with its place in the line", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.says("/stock aa$pl");
  await expect(carlos.alert).toBeVisible();
  await expect(carlos.alert).toContainText("$");
  await carlos.says("/stock aapl.us");
  await carlos.sees(QUOTE);
});

test("an unknown symbol and each fault of the provider have their own words", async ({ person, quotes }) => {
  const carlos = await person("carlos");
  const words: string[] = [];
  const ask = async (line: string, before: () => void) => {
    before();
    await carlos.says(line);
    const note = carlos.alert.last();
    await expect(note).toBeVisible();
    await expect.poll(async () => words.includes(await note.innerText())).toBe(false);
    words.push(await note.innerText());
    await carlos.page.getByRole("button", { name: "Dismiss" }).click();
    await expect(carlos.alert).toHaveCount(0);
  };
  await ask("/stock nosuch.us", () => {});
  await ask("/stock msft.us", () => (quotes.mood = "html"));
  await ask("/stock ibm.us", () => (quotes.mood = "limiting"));
  expect(new Set(words).size).toBe(3);
  await expect(carlos.log.getByRole("article")).toHaveCount(0);
});

test("help is for the one who asked", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("/help");
  await expect(carlos.page.getByRole("status").filter({ hasText: "/stock" })).toBeVisible();
  await carlos.says("done");
  await john.sees("done");
  await expect(john.log.getByRole("article")).toHaveCount(1);
});

test("a slash offers the commands, and Tab completes", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.composer.pressSequentially("/st");
  await expect(carlos.page.getByRole("option", { name: /stock/ })).toBeVisible();
  await carlos.composer.press("Tab");
  await expect(carlos.composer).toHaveValue("/stock ");
  await carlos.composer.pressSequentially("aapl.us");
  await carlos.composer.press("Enter");
  await carlos.sees(QUOTE);
});
