// What every story has: a quote provider, a server, and people in browsers of their own whose pages must behave.

import { test as base, expect, type Page } from "@playwright/test";
import { Parlor } from "./parlor.ts";
import { Person } from "./person.ts";
import { Quotes } from "./quotes.ts";

type Story = {
  /** Settings of the server beside the quote provider's address. */
  settings: Record<string, string>;
  quotes: Quotes;
  parlor: Parlor;
  /** A window of its own, with cookies of its own, at the page. */
  somebody: () => Promise<Person>;
  /** Somebody who is logged in and in `general`. */
  person: (username: string) => Promise<Person>;
};

export const test = base.extend<Story>({
  settings: [{}, { option: true }],
  quotes: async ({}, use) => {
    const quotes = await Quotes.starts();
    await use(quotes);
    await quotes.isGone();
  },
  parlor: async ({ quotes, settings }, use, info) => {
    const parlor = await Parlor.starts({ PARLOR_STOCK_URL: quotes.url, ...settings });
    await use(parlor);
    await parlor.isGone();
    if (info.status !== info.expectedStatus) await info.attach("server log", { body: parlor.log });
  },
  somebody: async ({ browser, parlor, viewport }, use) => {
    const misdeeds: string[] = [];
    const people: Person[] = [];
    await use(async () => {
      const context = await browser.newContext({ viewport, baseURL: parlor.url });
      context.on("page", (page) => watch(page, parlor, misdeeds));
      const page = await context.newPage();
      await page.goto("/");
      const person = new Person(page);
      people.push(person);
      return person;
    });
    await Promise.all(people.map(({ context }) => context.close()));
    expect(misdeeds, "what pages must not do").toEqual([]);
  },
  person: async ({ somebody }, use) => {
    await use(async (username) => {
      const person = await somebody();
      await person.logsIn(username);
      return person;
    });
  },
});

/** A page raises no error, breaks no policy, and asks nobody but its own server. */
function watch(page: Page, parlor: Parlor, misdeeds: string[]): void {
  page.on("pageerror", (error) => misdeeds.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A refusal or a lost server is told to the person; the browser notes it besides.
    const isOfTheNetwork = /^Failed to load resource|^WebSocket connection to/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isOfTheNetwork) misdeeds.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    const isOwn = host === `localhost:${parlor.port}` || protocol === "data:" || protocol === "blob:";
    if (!isOwn) misdeeds.push(`request: ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== `localhost:${parlor.port}`) misdeeds.push(`websocket: ${socket.url()}`);
  });
}

export { expect };
