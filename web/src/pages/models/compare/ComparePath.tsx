import { Navigate } from "@tanstack/react-router";
import { NotFound } from "~/app/NotFound";

/** `/compare/author/model/author/model` is OpenRouter's address for what is compared. */
export function ComparePath({ path }: { path: string }) {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length === 0 || parts.length % 2 === 1) return <NotFound />;
  const ids = parts.flatMap((part, at) => (at % 2 === 0 ? [`${part}/${parts[at + 1]}`] : []));
  return <Navigate to="/models" search={{ compare: ids.join(",") }} replace />;
}
