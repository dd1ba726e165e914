import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Routing explained",
  routes: [
    { path: "/routing/explain", load: () => import("./DryRunPage") },
    { path: "/logs/compare", load: () => import("./ComparePage") },
    { path: "/logs/$id/route", load: () => import("./RoutePage") },
  ],
  words: "why provider dry run what if",
  allowed: (session) => may(session, "usage"),
});
