import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import type { Filters } from "~/url/filters";
import type { Span } from "~/url/range";
import { logSearch } from "./log-link";

export interface LogLinkProps {
  filters: Filters;
  span: Span;
  /** Narrows the rows to one group, by a filter's field and value. */
  only?: { field: string; value: string } | undefined;
  className?: string;
  label?: string;
  children: ReactNode;
}

/** A number, and the way to the rows behind it. */
export function LogLink({ filters, span, only, className, label, children }: LogLinkProps) {
  const session = useSession();
  if (!may(session, "usage")) return <span className={className}>{children}</span>;
  return (
    <Link
      to="/logs"
      search={logSearch(filters, span, only)}
      preload={false}
      aria-label={label}
      className={className}
    >
      {children}
    </Link>
  );
}
