import type { TestProject } from "vitest/node";
import { startGateway } from "./gateway";
import { startSite } from "./site";

/** A gateway, and where its dashboard is. */
export interface Place {
  gateway: string;
  managementKey: string;
  /** Where the dashboard is, with a slash at its end. */
  site: string;
  /** The same below a prefix. */
  prefixed: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** One for each worker. */
    places: Place[];
  }
}

/**
 * One gateway for each worker, so that files which run side by side see nothing of each other. With
 * TOLLGATE_SERVES=1 it serves the dashboard itself; without, a small server stands before it.
 */
export default async function setUp(project: TestProject) {
  const workers = project.vitest.config.maxWorkers;
  const started = await Promise.all(Array.from({ length: workers }, startPlace));
  project.provide(
    "places",
    started.map(({ place }) => place),
  );
  return async () => {
    await Promise.all(started.map(({ stop }) => stop()));
  };
}

async function startPlace(): Promise<{ place: Place; stop: () => Promise<void> }> {
  const serves = process.env.TOLLGATE_SERVES === "1";
  const gateway = await startGateway();
  const site = serves ? null : await startSite(gateway, "/");
  const prefixed = await startSite(gateway, "/gw/llm/");
  return {
    place: {
      gateway: gateway.url,
      managementKey: gateway.managementKey,
      site: site?.url ?? `${gateway.url}/`,
      prefixed: prefixed.url,
    },
    stop: async () => {
      await site?.stop();
      await prefixed.stop();
      await gateway.stop();
    },
  };
}
