import { defineSection } from "../../section";

export default defineSection({
  name: "configuration",
  title: "Configuration",
  order: 60,
  load: () => import("./Configuration"),
  // Whoever reaches one workspace alone has nothing to do with the machine.
  allowed: (session) => session.everywhere,
});
