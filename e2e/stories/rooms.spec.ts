// Making rooms, finding them, and talking in private.

import { expect, test } from "../support/test.ts";
import { Person } from "../support/person.ts";

async function createsRoom(person: Person, name: string): Promise<void> {
  await person.page.getByRole("button", { name: "New room" }).click();
  const dialog = person.page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByRole("button", { name: "Create" }).click();
}

test("a new public room is seen by all at once, who join it and talk", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await createsRoom(carlos, "Lunch");
  await carlos.isIn("Lunch");
  await carlos.says("Who is hungry?");
  await expect(john.room("Lunch")).toBeVisible();
  await john.room("Lunch").click();
  await expect(john.composer).toHaveCount(0);
  await expect(john.message("Who is hungry?")).toHaveCount(0);
  await john.page.getByRole("button", { name: "Join" }).click();
  await john.isIn("Lunch");
  await john.sees("Who is hungry?");
  await john.says("Me");
  await carlos.sees("Me");
});

test("a name that is taken or empty is refused in the dialog", async ({ person }) => {
  const carlos = await person("carlos");
  const dialog = carlos.page.getByRole("dialog");
  await createsRoom(carlos, "GENERAL");
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByRole("textbox", { name: "Name" }).fill("   ");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByRole("textbox", { name: "Name" }).fill("Fine");
  await dialog.getByRole("button", { name: "Create" }).click();
  await carlos.isIn("Fine");
});

test("a button on a person opens the conversation of the two, the same for both", async ({ person }) => {
  const [carlos, john, gerard] = [await person("carlos"), await person("john"), await person("gerard")];
  await carlos.page.getByRole("button", { name: "Message John" }).click();
  await carlos.isIn("John");
  await carlos.says("just the two of us");
  await john.page.getByRole("button", { name: "Message Carlos" }).click();
  await john.isIn("Carlos");
  await john.sees("just the two of us");
  await john.says("indeed");
  await carlos.sees("indeed");
  await expect(gerard.room("John")).toHaveCount(0);
  await expect(gerard.room("Carlos")).toHaveCount(0);
});

test("both clicking at the same moment open the same conversation", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await Promise.all([
    carlos.page.getByRole("button", { name: "Message John" }).click(),
    john.page.getByRole("button", { name: "Message Carlos" }).click(),
  ]);
  await Promise.all([carlos.isIn("John"), john.isIn("Carlos")]);
  await carlos.says("here?");
  await john.sees("here?");
  await expect(carlos.room("John")).toHaveCount(1);
  await expect(john.room("Carlos")).toHaveCount(1);
});

test("a room marks what is unread until it is opened, after a reload too", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await createsRoom(john, "Elsewhere");
  await john.isIn("Elsewhere");
  await carlos.says("one");
  await carlos.says("two");
  await expect(john.room("general")).toHaveAccessibleDescription("2 unread");
  await john.page.reload();
  await expect(john.room("general")).toHaveAccessibleDescription("2 unread");
  await john.opens("general");
  await john.sees("two");
  await expect(john.room("general")).not.toHaveAccessibleDescription(/unread/);
});

test("all tabs of one person agree on what is unread", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await createsRoom(john, "Elsewhere");
  await john.isIn("Elsewhere");
  const second = new Person(await john.context.newPage());
  await second.page.goto("/");
  await second.opens("Elsewhere");
  await carlos.says("for John");
  for (const tab of [john, second]) await expect(tab.room("general")).toHaveAccessibleDescription("1 unread");
  await john.opens("general");
  await john.sees("for John");
  await expect(second.room("general")).not.toHaveAccessibleDescription(/unread/);
});

test("leaving a room takes it out of reach, and coming back brings it back", async ({ person }) => {
  const [carlos, john] = [await person("carlos"), await person("john")];
  await createsRoom(carlos, "Chess");
  await carlos.isIn("Chess");
  await carlos.says("e4");
  await john.room("Chess").click();
  await john.page.getByRole("button", { name: "Join" }).click();
  await john.sees("e4");
  await john.says("/leave");
  await expect(john.page.getByRole("button", { name: "Join" }).or(john.page.getByRole("textbox", { name: "Message general" }))).toBeVisible();
  await john.room("Chess").click();
  await expect(john.message("e4")).toHaveCount(0);
  await john.page.getByRole("button", { name: "Join" }).click();
  await john.sees("e4");
});
