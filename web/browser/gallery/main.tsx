/**
 * Every component with data of a gateway that was busy, so that tests and eyes can see them before a
 * page uses them. It is built for tests only and is no part of the dashboard.
 */
import "./gallery.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { basePath } from "~/api/base";
import { makeQueryClient } from "~/api/query-client";
import { ToastProvider } from "~/components/Toast";
import { parseSearch, stringifySearch } from "~/url/search";
import { Gallery } from "./Gallery";

const router = createRouter({
  routeTree: createRootRoute({ component: Gallery }),
  basepath: basePath(),
  parseSearch,
  stringifySearch,
});

const root = document.getElementById("root");
if (!root) throw new Error("the page has no element to be shown in");
createRoot(root).render(
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={makeQueryClient()}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  </CSPProvider>,
);
