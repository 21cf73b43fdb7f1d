// Builds the page into dist/ and runs its unit tests. Knows no address: where the server is in development comes from PARLOR_DEV_SERVER.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.PARLOR_DEV_SERVER;

export default defineConfig({
  plugins: [svelte(), compressed()],
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

/** Writes each script and style a second time, compressed: the server sends what is smaller, without work of its own. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir }, files) {
      for (const name of Object.keys(files).filter((name) => /\.(js|css)$/.test(name))) {
        const path = join(dir!, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}
