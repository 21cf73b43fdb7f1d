// Who is logged in: asked at start, changed by login, logout and the server. Knows nothing of rooms.
import { call, Refused, words } from "./http";
import type { Info, LoginAnswer, LoginRequest, Me, Person } from "./protocol";

export class Session {
  /** `unreachable`: not known yet whether anybody is logged in. */
  state = $state<"checking" | "in" | "out" | "unreachable">("checking");
  person = $state.raw<Person | null>(null);
  info = $state.raw<Info | null>(null);
  /** Why one is back at the login, if there is a reason to tell. */
  notice = $state("");
  #leaving = false;

  /** Asks the server who this is; an unreachable one changes nothing for somebody who is in. */
  async check(): Promise<void> {
    try {
      const [{ user }] = await Promise.all([call<Me>("GET", "/api/auth/me"), this.#inform()]);
      this.#enter(user);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        if (this.state === "in") this.ended();
        else this.state = "out";
      } else if (this.state !== "in") {
        this.state = "unreachable";
      }
    }
  }

  /** Throws what the form has to show. */
  async login(request: LoginRequest): Promise<void> {
    const { user } = await call<LoginAnswer>("POST", "/api/auth/login", request).catch((error: unknown) => {
      throw new Error(loginWords(error));
    });
    this.#enter(user);
  }

  async logout(): Promise<void> {
    this.#leaving = true; // the server closes the sockets, perhaps before it answers
    try {
      await call("POST", "/api/auth/logout");
    } catch (error) {
      if (!(error instanceof Refused && error.status === 401)) throw error;
    } finally {
      this.#leaving = false;
    }
    this.#leave("");
  }

  /** The server has ended the session: by a logout elsewhere, a new password, or its age. */
  ended(): void {
    this.#leave(this.#leaving ? "" : "Your session has ended. Log in to go on.");
  }

  #enter(person: Person): void {
    this.person = person;
    this.notice = "";
    this.state = "in";
  }

  #leave(notice: string): void {
    this.person = null;
    this.notice = notice;
    this.state = "out";
    void this.#inform();
  }

  async #inform(): Promise<void> {
    this.info ??= await call<Info>("GET", "/api/info").catch(() => null);
  }
}

function loginWords(error: unknown): string {
  if (!(error instanceof Refused)) return words(error);
  if (error.status === 401) return "Wrong username or password.";
  if (error.status === 429) return `Too many tries. Wait ${waitWords(error.retryAfterMs)} and try again.`;
  return error.message;
}

/** 7 seconds, 2 minutes, a moment */
export function waitWords(ms: number | null): string {
  if (ms === null) return "a moment";
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 90) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
