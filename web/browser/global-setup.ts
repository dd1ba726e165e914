import type { TestProject } from "vitest/node";
import { startGateway } from "./gateway";
import { startSite } from "./site";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the dashboard is, with a slash at its end. */
    site: string;
    /** The same below a prefix. */
    prefixed: string;
    gateway: string;
    managementKey: string;
  }
}

/**
 * One gateway for all tests of a run. With TOLLGATE_SERVES=1 it serves the dashboard itself; without,
 * a small server stands before it.
 */
export default async function setUp(project: TestProject) {
  const serves = process.env.TOLLGATE_SERVES === "1";
  const gateway = await startGateway();
  const site = serves ? null : await startSite(gateway, "/");
  const prefixed = await startSite(gateway, "/gw/llm/");
  project.provide("site", site?.url ?? `${gateway.url}/`);
  project.provide("prefixed", prefixed.url);
  project.provide("gateway", gateway.url);
  project.provide("managementKey", gateway.managementKey);
  return async () => {
    await site?.stop();
    await prefixed.stop();
    await gateway.stop();
  };
}
