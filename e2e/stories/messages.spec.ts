// Saying something, and everybody seeing it at once, once, as it was written.

import { expect, test } from "../support/test.ts";

test("John sees Carlos' message at once, and Carlos sees it once", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("Good morning!");
  await john.sees("Good morning!");
  await carlos.sees("Good morning!");
  await expect(john.log.getByRole("article", { name: /^Carlos: Good morning!/ })).toBeVisible();
  await john.says("Morning, Carlos");
  await carlos.sees("Morning, Carlos");
});

test("every tab of one person shows the same", async ({ person }) => {
  const carlos = await person("carlos");
  const second = await carlos.context.newPage();
  await second.goto("/");
  await carlos.says("in both tabs");
  await expect(second.getByRole("log").getByText("in both tabs", { exact: true })).toHaveCount(1);
  await carlos.sees("in both tabs");
});

test("Enter sends, Shift+Enter breaks the line, and the field is empty again", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.composer.pressSequentially("one");
  await carlos.composer.press("Shift+Enter");
  await carlos.composer.pressSequentially("two");
  await carlos.composer.press("Enter");
  await expect(carlos.composer).toHaveValue("");
  const message = john.log.getByRole("article", { name: /^Carlos: one\s+two/ });
  await expect(message).toBeVisible();
  expect(await message.innerText()).toMatch(/one\n+two/);
});

test("what somebody writes is text and never markup", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  const text = `<img src=x onerror="document.title='taken'"><b>bold</b> &amp; <script>alert(1)</script>`;
  await carlos.says(text);
  await john.sees(text);
  await expect(john.log.locator("img[src=x], b, script")).toHaveCount(0);
  await expect(john.page).not.toHaveTitle("taken");
});

test("the latest messages are shown in order, and older ones on the way up", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.saysAllOf(Array.from({ length: 120 }, (_, at) => `message number ${at + 1}`), "general");
  const john = await person("john");
  await john.sees("message number 120");
  const shown = await john.log.getByRole("article").allInnerTexts();
  const numbers = shown.map((text) => Number(/number (\d+)/.exec(text)?.[1]));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  await expect(async () => {
    await john.log.hover();
    await john.page.mouse.wheel(0, -3_000);
    await expect(john.message("message number 1")).toBeVisible({ timeout: 500 });
  }).toPass();
});

test("a message of one's own is corrected and taken back before everybody's eyes", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await carlos.says("Helo");
  await john.sees("Helo");
  await carlos.log.getByRole("article", { name: /^Carlos: Helo/ }).hover();
  await carlos.page.getByRole("button", { name: "Edit" }).click();
  const field = carlos.log.getByRole("textbox");
  await field.fill("Hello");
  await field.press("Enter");
  await john.sees("Hello");
  await expect(john.message("Helo")).toHaveCount(0);
  await carlos.log.getByRole("article", { name: /^Carlos: Hello/ }).hover();
  await carlos.log.getByRole("button", { name: "Delete" }).click();
  await carlos.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(john.message("Hello")).toHaveCount(0);
  await expect(carlos.message("Hello")).toHaveCount(0);
  await john.page.reload();
  await john.isIn("general");
  await expect(john.message("Hello")).toHaveCount(0);
});

test("too long a text is refused where it was written, and kept", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  const text = "x".repeat(8_001);
  await carlos.says(text);
  await expect(carlos.alert).toBeVisible();
  await carlos.says("short enough");
  await john.sees("short enough");
  await expect(john.log.getByRole("article")).toHaveCount(1);
});
