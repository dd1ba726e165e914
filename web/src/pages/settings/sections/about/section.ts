import { defineSection } from "../../section";

export default defineSection({
  name: "about",
  title: "About",
  order: 99,
  load: () => import("./About"),
});
