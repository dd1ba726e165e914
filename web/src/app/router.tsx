import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { basePath } from "~/api/base";
import { parseSearch, stringifySearch } from "~/url/search";
import { Crashed } from "./Crashed";
import { Gate } from "./Gate";
import { Home } from "./Home";
import { NotFound } from "./NotFound";
import type { PageDefinition } from "./page";
import { Reach } from "./Reach";
import { PAGES } from "./registry";

const root = createRootRoute({
  component: Gate,
  errorComponent: Crashed,
  notFoundComponent: NotFound,
});

/** A page is reached by those who may use it only, whatever the address says. */
function routesOf(page: PageDefinition) {
  return page.routes.map((one) => {
    const { path, load } = one;
    const Component = lazyRouteComponent(load);
    return createRoute({
      getParentRoute: () => root,
      path,
      component: () => (
        <Reach page={page} route={one}>
          <Component />
        </Reach>
      ),
    });
  });
}

const home = createRoute({ getParentRoute: () => root, path: "/", component: Home });

export const router = createRouter({
  routeTree: root.addChildren([home, ...PAGES.flatMap(routesOf)]),
  basepath: basePath(),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
});
