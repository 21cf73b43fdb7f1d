// Coming in, staying in, going out.

import { expect, test } from "../support/test.ts";

test("a wrong password says so, the right one leads to general", async ({ somebody }) => {
  const carlos = await somebody();
  await carlos.triesToLogIn("carlos", "4321");
  await expect(carlos.alert).toBeVisible();
  await expect(carlos.username).toHaveValue("carlos");
  await carlos.triesToLogIn("carlos", "1234");
  await carlos.isIn("general");
  await expect(carlos.room("general")).toHaveAttribute("aria-current", "page");
  await expect(carlos.log).toBeVisible();
});

test("an unknown name gets the words of a wrong password", async ({ somebody }) => {
  const stranger = await somebody();
  await stranger.triesToLogIn("carlos", "4321");
  const words = await stranger.alert.innerText();
  await stranger.triesToLogIn("nobody", "4321");
  await expect(stranger.alert).toHaveText(words);
});

test("a reload keeps one logged in", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.says("before the reload");
  await carlos.page.reload();
  await carlos.isIn("general");
  await carlos.sees("before the reload");
});

test("a private window is somebody else", async ({ person }) => {
  const carlos = await person("carlos");
  const john = await person("john");
  await john.says("I am John");
  await carlos.sees("I am John");
  await expect(carlos.log.getByRole("article", { name: /^John: I am John/ })).toBeVisible();
});

test("logging out ends it in every tab, and a reload does not bring it back", async ({ person }) => {
  const carlos = await person("carlos");
  const second = await carlos.context.newPage();
  await second.goto("/");
  await expect(second.getByRole("log")).toBeVisible();
  await carlos.logsOut();
  await expect(second.getByLabel("Username")).toBeVisible();
  await carlos.page.reload();
  await expect(carlos.username).toBeVisible();
  await expect(carlos.log).toHaveCount(0);
});

test("after logging out somebody else can come in, and sees nothing of the first", async ({ person }) => {
  const carlos = await person("carlos");
  await carlos.composer.fill("a draft of Carlos");
  await carlos.logsOut();
  await carlos.logsIn("john");
  await expect(carlos.composer).toHaveValue("");
});
