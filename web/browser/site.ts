import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { freePort, type Gateway } from "./gateway";

const DIST = new URL("../dist/", import.meta.url).pathname;

/** The same as the server's own: nothing from elsewhere, no inline scripts or styles. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export interface Site {
  /** With a slash at its end. */
  url: string;
  stop: () => Promise<void>;
}

/** Serves `web/dist`, or another folder, below a prefix as the gateway does, and hands everything of the API to it. */
export async function startSite(
  gateway: Pick<Gateway, "url">,
  prefix: string,
  folder = DIST,
): Promise<Site> {
  if (!existsSync(join(folder, "index.html"))) {
    throw new Error("No dashboard: run `npm run build`.");
  }
  const index = readFileSync(join(folder, "index.html"), "utf8").replace(
    '<base href="./">',
    `<base href="${prefix}">`,
  );
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? "/", "http://site");
    if (!pathname.startsWith(prefix)) return answer(outgoing, 404, "text/plain", "elsewhere");
    const path = `/${pathname.slice(prefix.length)}`;
    if (path.startsWith("/api/") || path.startsWith("/health/")) {
      return pass(gateway, prefix, incoming, outgoing);
    }
    const file = join(folder, normalize(path));
    const type = TYPES[extname(file)];
    if (path !== "/" && type && existsSync(file))
      return answer(outgoing, 200, type, readFileSync(file));
    if (path.startsWith("/assets/")) return answer(outgoing, 404, "text/plain", "no such file");
    return answer(outgoing, 200, TYPES[".html"] ?? "", index);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  outgoing: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
): void {
  outgoing.writeHead(status, {
    "content-type": type,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  outgoing.end(body);
}

/** The host stays that of the site: writes by cookie have to come from the host that is asked. */
function pass(
  gateway: Pick<Gateway, "url">,
  prefix: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const target = new URL(`/${(incoming.url ?? "").slice(prefix.length)}`, gateway.url);
  const { method = "GET", headers } = incoming;
  const onward = request(target, { method, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
