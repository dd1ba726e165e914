import { defineSection } from "../../section";

export default defineSection({
  name: "sessions",
  title: "Sessions",
  order: 71,
  load: () => import("./Sessions"),
});
