// A room that only its members know of: three people, one of whom never hears of it.

import { expect, test } from "../support/test.ts";

test("a private room is for whom one invites, for as long as they are members", async ({ person }) => {
  const [carlos, john, gerard] = [await person("carlos"), await person("john"), await person("gerard")];
  await carlos.page.getByRole("button", { name: "New room" }).click();
  const dialog = carlos.page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("Founders");
  await dialog.getByRole("radio", { name: /^Invited people/ }).check();
  await dialog.getByRole("button", { name: "Create" }).click();
  await carlos.isIn("Founders");
  await carlos.says("Before John came");

  await carlos.page.getByRole("button", { name: "Room menu" }).click();
  await carlos.page.getByRole("menuitem", { name: "Invite people" }).click();
  await dialog.getByRole("button", { name: "Invite John" }).click();
  await dialog.getByRole("button", { name: "Done" }).click();
  await john.opens("Founders");
  await john.sees("Before John came");
  await john.says("Thank you");
  await carlos.sees("Thank you");
  await expect(gerard.room("Founders")).toHaveCount(0);

  await carlos.page.getByRole("button", { name: "Members" }).click();
  await carlos.page.getByRole("complementary", { name: "Members" }).getByRole("button", { name: "Remove John" }).click();
  await expect(john.room("Founders")).toHaveCount(0);
  await expect(john.message("Thank you")).toHaveCount(0);
  await carlos.says("Without John");
  await carlos.sees("Without John");
  await john.page.reload();
  await john.isIn("general");
  await expect(john.room("Founders")).toHaveCount(0);
});
