import { HeartPulse } from "lucide-react";
import { definePage } from "~/app/page";

/** `/health` is the API's own. */
export default definePage({
  title: "Health",
  routes: [{ path: "/status", load: () => import("./HealthPage") }],
  rail: { group: "watch", order: 23, icon: HeartPulse },
  letter: "h",
  words: "status circuit uptime latency endpoints",
});
