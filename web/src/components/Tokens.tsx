/** What went in and came out: `<Tokens input={1204} output={318} cached={900} />`. */
import { type Maybe, quantity, whole } from "~/format";

export interface TokensProps {
  input: Maybe<number>;
  output: Maybe<number>;
  cached?: Maybe<number>;
}

export function Tokens({ input, output, cached }: TokensProps) {
  const title = `${whole(input)} in, ${whole(output)} out${cached ? `, ${whole(cached)} of them cached` : ""}`;
  return (
    <span title={title}>
      {quantity(input)} <span className="text-muted">→</span> {quantity(output)}
      {cached ? <span className="text-muted"> ({quantity(cached)} cached)</span> : null}
    </span>
  );
}
