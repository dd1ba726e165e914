/** The gate: an arch with the bar across it. */
export function Logo() {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className="size-4 shrink-0"
      fill="none"
      strokeWidth={1.7}
    >
      <path d="M2.5 13.5V7a5.5 5.5 0 0 1 11 0v6.5" stroke="currentColor" />
      <path d="M2.5 9.5h11" className="stroke-accent" />
    </svg>
  );
}
