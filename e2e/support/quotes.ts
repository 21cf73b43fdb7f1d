// A quote provider that answers as stooq does, or not at all.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Quotes {
  readonly prices = new Map([["AAPL.US", "175.43"]]);
  mood: "well" | "html" | "limiting" = "well";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async starts(): Promise<Quotes> {
    const server = createServer();
    const quotes = new Quotes(server);
    server.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", "http://quotes");
      if (url.pathname !== "/q/l/") return response.writeHead(404).end();
      if (quotes.mood === "limiting") return response.writeHead(429).end();
      if (quotes.mood === "html") return response.writeHead(200, { "content-type": "text/html" }).end("<html>No.</html>");
      return response.writeHead(200, { "content-type": "text/csv" }).end(quotes.#csv(url.searchParams.get("s") ?? ""));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return quotes;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #csv(symbol: string): string {
    const name = symbol.toUpperCase();
    const price = this.prices.get(name);
    const row = price ? `2025-11-24,22:00:09,175.00,176.10,174.20,${price},52164500` : "N/D,N/D,N/D,N/D,N/D,N/D,N/D";
    return `Symbol,Date,Time,Open,High,Low,Close,Volume\r\n${name},${row}\r\n`;
  }

  async isGone(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
