// The page lives under a strict content security policy. That no story breaks it is watched in all of them.

import { expect, test } from "../support/test.ts";
import { Person } from "../support/person.ts";

test("the page is served under a policy that names nobody else", async ({ somebody, parlor }) => {
  const stranger = await somebody();
  const answer = await stranger.page.request.get(parlor.url);
  const policy = answer.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
});

test("a script that somebody smuggles in does not run", async ({ browser, parlor }) => {
  const context = await browser.newContext({ baseURL: parlor.url });
  const stranger = new Person(await context.newPage());
  await stranger.page.goto("/");
  await expect(stranger.username).toBeVisible();
  const broken = await stranger.page.evaluate(
    () =>
      new Promise<string[]>((seen) => {
        const directives: string[] = [];
        document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
          directives.push(effectiveDirective);
          if (directives.length === 2) seen(directives);
        });
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken'";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "http://elsewhere.invalid/pixel.gif";
        document.body.append(image);
      }),
  );
  expect(broken.sort()).toEqual(["img-src", "script-src-elem"]);
  await expect(stranger.page).not.toHaveTitle("taken");
  await context.close();
});
