// The real program in a temporary folder, which a story starts, stops and starts again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../../target/debug/parlor", import.meta.url));

export class Parlor {
  port = 0;
  readonly #folder: string;
  readonly #settings: Record<string, string>;
  readonly #log: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(folder: string, settings: Record<string, string>) {
    this.#folder = folder;
    this.#settings = settings;
  }

  /** In demo mode, with these settings, on a free port. */
  static async starts(settings: Record<string, string> = {}): Promise<Parlor> {
    const parlor = new Parlor(await mkdtemp(join(tmpdir(), "parlor-")), settings);
    await parlor.startsAgain();
    return parlor;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get log(): string {
    return this.#log.join("\n");
  }

  /** In the same folder, and on the same port if it has had one. */
  async startsAgain(): Promise<void> {
    const program = process.env["PARLOR_BIN"] ?? built;
    if (!existsSync(program)) throw new Error(`there is no ${program}: build the program, or set PARLOR_BIN`);
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLOR_")));
    const child = spawn(program, ["serve", "--demo", "--listen", `127.0.0.1:${this.port}`], {
      cwd: this.#folder,
      env: { ...environment, PARLOR_DATA: join(this.#folder, "data"), ...this.#settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    createInterface(child.stderr).on("line", (line) => this.#log.push(line));
    const said = createInterface(child.stdout);
    this.port = await new Promise<number>((found, failed) => {
      child.once("exit", (code) => failed(new Error(`the program ended with ${code}:\n${this.log}`)));
      said.on("line", (line) => {
        this.#log.push(line);
        const port = /listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
        if (port) found(Number(port));
      });
    });
  }

  /** Asks it to stop, and waits for its end. */
  async stops(): Promise<void> {
    await this.#ends("SIGTERM");
  }

  async isKilled(): Promise<void> {
    await this.#ends("SIGKILL");
  }

  /** Ends it for good and takes its folder away. */
  async isGone(): Promise<void> {
    await this.#ends("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ends(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, "exit");
    child.kill(signal);
    await end;
  }
}
