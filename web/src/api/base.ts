/**
 * Where the gateway is: the `<base href>` that the server wrote into the page, without the slash at
 * its end. The same bundle works below any prefix.
 */
export function gatewayBase(): string {
  return new URL(".", document.baseURI).href.replace(/\/$/, "");
}

/** The path below which the dashboard's own addresses are, such as `/` or `/gw/llm`. */
export function basePath(): string {
  return new URL(".", document.baseURI).pathname.replace(/(.)\/$/, "$1");
}

/** What clients are told to use as base URL: `https://host/prefix/api/v1`. */
export function apiBase(): string {
  return `${gatewayBase()}/api/v1`;
}
