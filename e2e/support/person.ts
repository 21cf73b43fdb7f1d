// Somebody at a browser, by the accessible names that the page promises.

import { type BrowserContext, expect, type Locator, type Page } from "@playwright/test";

export class Person {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get context(): BrowserContext {
    return this.page.context();
  }
  get username(): Locator {
    return this.page.getByLabel("Username");
  }
  get password(): Locator {
    return this.page.getByLabel("Password", { exact: true });
  }
  get navigation(): Locator {
    return this.page.getByRole("navigation");
  }
  get log(): Locator {
    return this.page.getByRole("log");
  }
  get composer(): Locator {
    return this.page.getByRole("textbox", { name: /^Message/ });
  }
  get alert(): Locator {
    return this.page.getByRole("alert");
  }

  async triesToLogIn(username: string, password: string): Promise<void> {
    await this.username.fill(username);
    await this.password.fill(password);
    await this.page.getByRole("button", { name: "Log in", exact: true }).click();
  }
  async logsIn(username: string): Promise<void> {
    await this.triesToLogIn(username, "1234");
    await this.isIn("general");
  }
  async logsOut(): Promise<void> {
    await this.page.getByRole("button", { name: "Log out" }).click();
    await expect(this.username).toBeVisible();
  }

  /** A room's or conversation's entry in the navigation. */
  room(name: string): Locator {
    return this.navigation.getByRole("link", { name, exact: true });
  }
  async opens(room: string): Promise<void> {
    await this.room(room).click();
    await this.isIn(room);
  }
  /** The room is open and one can write there. */
  async isIn(room: string): Promise<void> {
    await expect(this.page.getByRole("textbox", { name: `Message ${room}` })).toBeVisible();
  }

  async says(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }
  /** Says many things at once in a room of the server's, over a socket of its own. */
  async saysAllOf(texts: string[], room: string): Promise<void> {
    await this.page.evaluate(
      ([texts, name]) =>
        new Promise<void>((done, failed) => {
          const socket = new WebSocket(`ws://${location.host}/ws`);
          let acks = 0;
          socket.onmessage = ({ data }) => {
            const frame = JSON.parse(data as string) as { type: string; rooms: { id: string; name: string }[] };
            if (frame.type === "hello") {
              const room = frame.rooms.find((one) => one.name === name)?.id;
              for (const text of texts) socket.send(JSON.stringify({ type: "message", id: crypto.randomUUID(), room, text }));
            }
            if (frame.type === "error") failed(new Error(data as string));
            if (frame.type === "ack" && ++acks === texts.length) {
              socket.close();
              done();
            }
          };
        }),
      [texts, room] as const,
    );
  }
  /** The messages with exactly this text in the open room. */
  message(text: string): Locator {
    return this.log.getByText(text, { exact: true });
  }
  /** The message is there, and once. */
  async sees(text: string): Promise<void> {
    await expect(this.message(text)).toHaveCount(1);
    await expect(this.message(text)).toBeVisible();
  }
}
