// Calls under /api: JSON in, JSON out, a refusal as an error that carries its code. Knows no store and no component.
import type { Problem } from "./protocol";

/** The server's "no", with its reason for programs (`code`) and for people (`message`). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfterMs: number | null,
  ) {
    super(detail);
  }
}

/** No answer at all: the server or the way to it is down. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Asks and returns the answer's body; nothing where there is none. */
export async function call<Answer = void>(method: Method, path: string, body?: unknown): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      cache: "no-store",
      keepalive: method === "PUT",
    });
  } catch {
    throw new Unreachable();
  }
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

async function refusal(response: Response): Promise<Error> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  if (!problem.code && response.status >= 502) return new Unreachable();
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  const wait = problem.retry_after_ms ?? (Number.isFinite(seconds) ? seconds * 1000 : null);
  const detail = problem.detail || problem.title || `The server answered ${response.status}.`;
  return new Refused(response.status, problem.code ?? "", detail, wait);
}

/** What to tell a person about an error of `call`. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One segment of a path. */
export const segment = encodeURIComponent;
