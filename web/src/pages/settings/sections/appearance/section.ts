import { defineSection } from "../../section";

export default defineSection({
  name: "appearance",
  title: "Appearance",
  order: 80,
  load: () => import("./Appearance"),
});
