// Stories of two people in real Chromium, each against a server of its own.

import { userInfo } from "node:os";
import { defineConfig, devices } from "@playwright/test";

const isRoot = userInfo().uid === 0;

export default defineConfig({
  testDir: "stories",
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: isRoot ? ["--no-sandbox"] : [],
    },
  },
});
