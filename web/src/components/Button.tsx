/**
 * A button that says the act: `<Button variant="primary">Create key</Button>`.
 *
 * At most one `primary` per page. `busy` shows that the act is under way and stops further ones.
 * An icon alone needs `aria-label`, and a `Tooltip` that says the same.
 */
import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { classes } from "./classes";

export type ButtonVariant = "primary" | "default" | "quiet" | "danger";

export interface ButtonProps extends ComponentProps<"button"> {
  variant?: ButtonVariant;
  size?: "sm" | "md";
  busy?: boolean;
  icon?: ReactNode;
}

const LOOKS: Record<ButtonVariant, string> = {
  primary: "bg-text text-bg hover:opacity-88 border-transparent",
  default: "bg-surface text-text border-line-strong hover:bg-hover",
  quiet: "text-muted hover:text-text hover:bg-hover border-transparent",
  danger: "bg-surface text-bad border-bad hover:bg-bad-soft",
};

/** The look of a button, for links that act as one. */
export function buttonClass(
  variant: ButtonVariant = "default",
  size: "sm" | "md" = "md",
  iconOnly = false,
): string {
  return classes(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none",
    "disabled:cursor-default disabled:opacity-50 pointer-coarse:min-h-11",
    size === "sm" ? "h-7 text-label" : "h-8 text-body",
    iconOnly
      ? size === "sm"
        ? "w-7 pointer-coarse:min-w-11"
        : "w-8 pointer-coarse:min-w-11"
      : size === "sm"
        ? "px-2"
        : "px-3",
    LOOKS[variant],
  );
}

export function Button({
  variant = "default",
  size = "md",
  busy = false,
  icon,
  children,
  className,
  disabled,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={classes(buttonClass(variant, size, children == null), className)}
    >
      {busy ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : icon}
      {children}
    </button>
  );
}
