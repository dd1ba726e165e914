import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Browser tests: those of the frame in `browser/`, those of a page beside it as `*.browser.ts`. */
export default defineConfig({
  resolve: {
    alias: {
      "~": new URL("./src", import.meta.url).pathname,
      "#browser": new URL("./browser", import.meta.url).pathname,
    },
  },
  test: {
    include: ["browser/**/*.test.ts", "src/pages/**/*.browser.ts"],
    globalSetup: "./browser/global-setup.ts",
    // Each worker has a gateway and a browser for all of its files, and keeps about one core busy.
    maxWorkers: Math.min(4, availableParallelism()),
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
