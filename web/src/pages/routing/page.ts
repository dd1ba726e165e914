import { Route } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Routing",
  routes: [{ path: "/routing", load: () => import("./RoutingPage") }],
  rail: { group: "control", order: 32, icon: Route },
  letter: "r",
  words: "rules policy policies experiments versions",
  allowed: (session) => may(session, "routing"),
});
