import { may } from "~/api/session";
import { defineSection } from "../../section";

export default defineSection({
  name: "workspaces",
  title: "Workspaces",
  order: 10,
  load: () => import("./Workspaces"),
  allowed: (session) => may(session, "workspaces"),
});
