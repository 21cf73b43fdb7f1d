// Fails when the built page's JavaScript is more than 60 kB gzipped, all files together.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 60_000;
const dist = new URL("../dist/", import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
const bytes = (end) =>
  files.filter((file) => file.endsWith(end)).reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0);

const scripts = bytes(".js");
if (scripts === 0) throw new Error("dist/ holds no JavaScript: run `npm run build` first");
console.log(`JavaScript ${scripts} bytes gzipped (at most ${LIMIT}), styles ${bytes(".css")}`);
if (scripts > LIMIT) process.exit(1);
