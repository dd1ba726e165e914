import { defineStep } from "../../step";

export default defineStep({
  name: "admin",
  title: "Your account",
  order: 1,
  load: () => import("./AdminStep"),
});
