import { Navigate } from "@tanstack/react-router";
import { NotFound } from "./NotFound";
import { pathOf } from "./page";
import { homeOf } from "./registry";
import { useSession } from "./session";

/** `/` leads to the page one lands on. */
export function Home() {
  const page = homeOf(useSession());
  return page ? <Navigate to={pathOf(page)} replace /> : <NotFound />;
}
