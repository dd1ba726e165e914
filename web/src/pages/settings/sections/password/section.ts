import { defineSection } from "../../section";

export default defineSection({
  name: "password",
  title: "Password",
  order: 70,
  load: () => import("./Password"),
});
