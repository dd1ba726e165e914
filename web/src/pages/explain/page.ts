import { may, mayCall } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Routing explained",
  routes: [
    // It is asked with a key of one's own.
    { path: "/routing/explain", load: () => import("./DryRunPage"), allowed: mayCall },
    { path: "/logs/compare", load: () => import("./ComparePage") },
    { path: "/logs/$id/route", load: () => import("./RoutePage") },
  ],
  words: "why provider dry run what if",
  allowed: (session) => may(session, "usage"),
});
