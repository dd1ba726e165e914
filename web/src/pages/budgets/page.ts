import { Gauge } from "lucide-react";
import { may } from "~/api/session";
import { definePage } from "~/app/page";

export default definePage({
  title: "Budgets",
  routes: [{ path: "/budgets", load: () => import("./BudgetsPage") }],
  rail: { group: "control", order: 31, icon: Gauge },
  letter: "b",
  words: "alerts limits spend",
  allowed: (session) => may(session, "workspaces"),
});
