/**
 * What stands where there is nothing yet. It teaches: what will be shown here, one action, and where
 * it helps a working snippet (`CodeTabs`) below.
 *
 *     <EmptyState title="No keys yet" action={<Button variant="primary">Create key</Button>}>
 *       A key lets an app call models, up to a limit that you set.
 *     </EmptyState>
 *
 * Where filters are the reason, pass `onClear`.
 */
import type { ReactNode } from "react";
import { Button } from "./Button";

export interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** A snippet or the like, below the action. */
  more?: ReactNode;
  onClear?: () => void;
}

export function EmptyState({ title, children, action, more, onClear }: EmptyStateProps) {
  return (
    <div className="flex max-w-[68ch] flex-col items-start gap-3 py-10">
      <p className="text-read font-semibold">{title}</p>
      {children && <div className="text-read text-muted">{children}</div>}
      {onClear && <Button onClick={onClear}>Clear all filters</Button>}
      {action}
      {more && <div className="w-full pt-3">{more}</div>}
    </div>
  );
}
