import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "~/api/error";
import { sessionQuery, signIn } from "~/api/session";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, Input } from "~/components/Field";
import { PasswordInput } from "~/components/PasswordInput";

/** E-mail and password; then everything on the page is asked for again. */
export function SignInForm({ email, onDone }: { email?: string; onDone?: () => void }) {
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: signIn,
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      onDone?.();
      await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
    },
    onError: () => setPassword(""),
  });
  return (
    <Form
      label="Sign in"
      onSubmit={(values) => mutate({ email: values.email?.trim() ?? "", password })}
    >
      <Field name="email" label="E-mail">
        <Input
          type="email"
          autoComplete="username"
          required
          defaultValue={email}
          autoFocus={!email}
        />
      </Field>
      <Field name="password" label="Password">
        <PasswordInput
          autoComplete="current-password"
          required
          value={password}
          onValueChange={setPassword}
          autoFocus={email !== undefined}
        />
      </Field>
      {error && (
        <p role="alert" className="text-bad">
          {words(error)}
        </p>
      )}
      <Button type="submit" variant="primary" busy={isPending}>
        Sign in
      </Button>
    </Form>
  );
}

function words(error: unknown): string {
  if (!(error instanceof ApiError)) return messageOf(error);
  if (error.status === 401) return "E-mail or password is wrong.";
  if (error.status === 429) {
    const wait = error.retryAfter;
    return wait === null
      ? "Too many tries. Wait a while, then try again."
      : `Too many tries. Try again in ${wait} s.`;
  }
  return error.message;
}
