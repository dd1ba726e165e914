/**
 * Amounts of US dollars from the server's decimal text. Hover and focus have every digit.
 *
 *     <Money dollars={row.cost} />                 a request's cost: $0.00142
 *     <Money dollars={sum} as="total" />           a sum: $1,204
 *     <Money dollars={limit} as="amount" />        an account or limit: $20.00
 *     <Money dollars={guess} estimated />          ≈ $0.0021
 */
import { amount, cost, exact, type Maybe, total, UNKNOWN } from "~/format";

export interface MoneyProps {
  dollars: Maybe<string | number>;
  as?: "cost" | "total" | "amount";
  estimated?: boolean;
}

const FORMS = { cost, total, amount };

export function Money({ dollars, as = "cost", estimated = false }: MoneyProps) {
  const text = FORMS[as](dollars);
  if (text === UNKNOWN) return UNKNOWN;
  return (
    <data value={String(dollars)} title={exact(dollars)}>
      {estimated && "≈\u202f"}
      {text}
    </data>
  );
}
