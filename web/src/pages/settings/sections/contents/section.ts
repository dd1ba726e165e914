import { may } from "~/api/session";
import { defineSection } from "../../section";

export default defineSection({
  name: "contents",
  title: "Contents & retention",
  order: 20,
  load: () => import("./Contents"),
  allowed: (session) => may(session, "workspaces"),
});
