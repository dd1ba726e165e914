import { defineStep } from "../../step";

export default defineStep({
  name: "try",
  title: "Try it",
  order: 3,
  load: () => import("./TryStep"),
});
