/**
 * A password that can be looked at and pasted. Goes into a `Field`:
 *
 *     <Field name="password" label="Password"><PasswordInput autoComplete="current-password" … /></Field>
 */
import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { Button } from "./Button";
import { Input } from "./Field";

export function PasswordInput(props: ComponentProps<typeof Input>) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <div className="relative">
      <Input {...props} type={shown ? "text" : "password"} className="pr-10" spellCheck={false} />
      <Button
        variant="quiet"
        size="sm"
        className="absolute top-1/2 right-1 size-6! min-h-0! min-w-0! -translate-y-1/2"
        aria-label={shown ? "Hide the password" : "Show the password"}
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
        icon={<Icon aria-hidden className="size-4" />}
      />
    </div>
  );
}
