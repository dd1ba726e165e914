import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const GATEWAY = process.env.TOLLGATE_URL ?? "http://127.0.0.1:8080";

/** The host stays that of the page: the gateway takes writes by cookie from no other. */
const PROXIED = { target: GATEWAY, changeOrigin: false };

/** Libraries in files of their own, so that a change of ours leaves them in caches. */
const LIBRARIES: [string, RegExp][] = [
  ["react", /node_modules\/(react|react-dom|scheduler)\//],
  // Queries page by page, or many at once, are for some pages only: they come with those.
  [
    "tanstack",
    /node_modules\/@tanstack\/(react-)?(router|query|history|store)(?!.*(infinite|queriesObs|useInfinite|useQueries))/,
  ],
  // What the frame itself is made of, so that pages which share it don't cut it into pieces.
  ["ui", /node_modules\/@base-ui\/react\/(toast|dialog|tooltip)\//],
];

const OWN_PARTS = /web\/src\/(format|url|components|api)|lucide-react/;
const CONTROLS = /@base-ui|@floating-ui/;
/** In bytes. What they need stays where it is, else they would take large things along. */
const SMALL = { maxModuleSize: 4_000, includeDependenciesRecursively: false };

/** In development there is no server that writes where the dashboard is. */
const baseInDevelopment: Plugin = {
  name: "base-in-development",
  apply: "serve",
  transformIndexHtml: (html) => html.replace('<base href="./">', '<base href="/">'),
};

export default defineConfig({
  // One bundle for any mount point: the server names it in <base href>.
  base: "./",
  plugins: [react(), tailwindcss(), baseInDevelopment],
  resolve: { alias: { "~": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // These know oklch() and light-dark() as they stand.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // A small font or picture as data: would break `font-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        codeSplitting: {
          groups: [
            ...LIBRARIES.map(([name, test]) => ({ name, test, priority: 1 })),
            // All else that a first visit needs is one file, whatever pages share of it: in many
            // small ones it is larger.
            { name: "first", tags: ["$initial" as const] },
            // Small things that many pages use: a file each weighs more than what is in it.
            { name: "common", test: OWN_PARTS, minShareCount: 4, ...SMALL },
            { name: "controls", test: CONTROLS, minShareCount: 6, ...SMALL },
          ],
        },
      },
    },
  },
  server: {
    proxy: { "/api": PROXIED, "/health": PROXIED },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "node",
  },
});
