/**
 * The frame of a page: its one h1, what it is about in grey, and its actions.
 *
 *     <Page title="Logs" scope="today, UTC" actions={<Button>Export</Button>} filters={<FilterBar … />}>
 *
 * `scope` says range and filters in words. `filters` stays on top while the page is scrolled.
 * `width="form"` is for pages of forms; others use the whole width.
 */
import { type ReactNode, useEffect } from "react";
import { classes } from "./classes";

export interface PageProps {
  title: string;
  scope?: ReactNode;
  actions?: ReactNode;
  filters?: ReactNode;
  width?: "full" | "form";
  children: ReactNode;
}

export function Page({ title, scope, actions, filters, width = "full", children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tollgate`;
  }, [title]);
  return (
    <div className={classes("flex min-h-0 flex-1 flex-col", width === "form" && "max-w-160")}>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 pt-4 pb-3 md:px-6 md:pt-5">
        <h1 className="text-title font-semibold">{title}</h1>
        {scope && <p className="min-w-0 text-muted">{scope}</p>}
        {actions && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {filters && (
        <div className="sticky top-0 z-20 border-b bg-bg px-4 pb-2 md:px-6">{filters}</div>
      )}
      <div className="flex min-h-0 flex-1 flex-col px-4 pt-3 pb-8 md:px-6">{children}</div>
    </div>
  );
}

/** A part of a page below a heading of its own. */
export function Section({
  title,
  hint,
  actions,
  children,
}: {
  title: string;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="mt-8 first:mt-0">
      <div className="mb-3 flex flex-wrap items-baseline gap-x-3 border-b pb-2">
        <h2 className="text-read font-semibold">{title}</h2>
        {hint && <p className="text-muted">{hint}</p>}
        {actions && <div className="ml-auto flex gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}
