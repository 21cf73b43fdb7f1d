// Builds the page into dist/ and runs its unit tests. Knows no address: where the server is in development comes from PARLOR_DEV_SERVER.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = process.env.PARLOR_DEV_SERVER;

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content policy takes no data: fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: server ? { proxy: { "/api": server, "/ws": { target: server, ws: true } } } : {},
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["./scripts/test-setup.ts"],
    coverage: { include: ["src/**/*.ts"], exclude: ["src/protocol.ts", "src/main.ts", "src/**/*.test.ts"], reporter: ["text-summary", "text"] },
  },
});
