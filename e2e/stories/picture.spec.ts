// The picture of the README: a room in use. With PARLOR_PICTURE it is written there, otherwise beside the results.

import { expect, test } from "../support/test.ts";

test.use({ viewport: { width: 1280, height: 800 } });

test("a room in use, as the README shows it", async ({ person }, info) => {
  const [carlos, john, gerard] = [await person("carlos"), await person("john"), await person("gerard")];
  await carlos.says("/topic What we ship, and when");
  await gerard.says("The release notes are in review: https://docs.example/notes");
  await john.sees("The release notes are in review: https://docs.example/notes");
  await john.says("Good. Can somebody quote Apple for the investor letter?");
  await carlos.sees("Good. Can somebody quote Apple for the investor letter?");
  await carlos.says("/stock aapl.us");
  await john.sees("AAPL.US quote is $175.43 per share");
  await carlos.says("There it is. The `quote` job uses the same provider:");
  await carlos.says("```\nparlor serve --demo\n```");
  await john.says("Merci");
  await carlos.sees("Merci");
  await carlos.page.reload();
  await carlos.sees("Merci");
  await expect(carlos.page.getByRole("heading", { name: "general" })).toBeVisible();
  const picture = process.env["PARLOR_PICTURE"] ?? info.outputPath("parlor.png");
  const bytes = await carlos.page.screenshot({ path: picture, animations: "disabled" });
  expect(bytes.length).toBeGreaterThan(20_000);
});
