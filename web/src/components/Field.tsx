/**
 * A field of a form: label, control, hint, and the error that the server or the browser names.
 *
 *     <Form onSubmit={save} errors={fieldErrors(error)}>
 *       <Field name="name" label="Name" hint="Shown in lists">
 *         <Input required />
 *       </Field>
 *       <Button type="submit" variant="primary" busy={saving}>Create key</Button>
 *     </Form>
 *
 * `Form` hands over the fields by name. `errors` are by name, too, and go when the field is changed.
 */
import { Field as Base } from "@base-ui/react/field";
import { Form as BaseForm } from "@base-ui/react/form";
import type { ComponentProps, ReactNode } from "react";
import { ApiError } from "~/api/error";
import { classes } from "./classes";

export type FieldErrors = Record<string, string>;

export interface FormProps {
  onSubmit: (values: Record<string, string>) => void;
  errors?: FieldErrors;
  className?: string;
  /** For a button elsewhere that submits it by `form`. */
  id?: string;
  /** What the form is for, where no heading says it. */
  label?: string;
  children: ReactNode;
}

export function Form({ onSubmit, errors, className, id, label, children }: FormProps) {
  return (
    <BaseForm
      {...(errors ? { errors } : {})}
      {...(id ? { id } : {})}
      aria-label={label}
      className={classes("flex max-w-140 flex-col gap-4", className)}
      onFormSubmit={(values: Record<string, unknown>) => onSubmit(texts(values))}
    >
      {children}
    </BaseForm>
  );
}

function texts(values: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [name, String(value ?? "")]);
  return Object.fromEntries(entries);
}

/** How the gateway begins a message on a member of the body: `limit: It has to be …`. */
const NAMED = /^([a-z_]+(?:\.[a-z_]+)*): (.+)$/s;

const NO_ERRORS: FieldErrors = {};
const named = new WeakMap<ApiError, FieldErrors>();

/**
 * The error by field that a refused call names. Show others below the form. It is the same object for
 * the same error, for a form takes another as news, and what was corrected would be wrong again.
 */
export function fieldErrors(error: unknown): FieldErrors {
  if (!(error instanceof ApiError)) return NO_ERRORS;
  const known = named.get(error);
  if (known) return known;
  const [, name, message] = NAMED.exec(error.message) ?? [];
  const errors = name && message ? { [name]: message } : NO_ERRORS;
  named.set(error, errors);
  return errors;
}

export interface FieldProps {
  name: string;
  label: string;
  hint?: ReactNode;
  /** An error that the page itself found. */
  error?: string;
  optional?: boolean;
  children: ReactNode;
}

export function Field({ name, label, hint, error, optional = false, children }: FieldProps) {
  return (
    <Base.Root
      name={name}
      invalid={error !== undefined || undefined}
      className="flex flex-col gap-1"
    >
      <Base.Label className="font-medium">
        {label}
        {optional && <span className="ml-1.5 font-normal text-muted">optional</span>}
      </Base.Label>
      {children}
      {hint && <Base.Description className="text-label text-muted">{hint}</Base.Description>}
      {error === undefined ? (
        <Base.Error className="text-label text-bad" />
      ) : (
        <Base.Error match className="text-label text-bad">
          {error}
        </Base.Error>
      )}
    </Base.Root>
  );
}

/** The look of a control in which something is typed or chosen. */
export const CONTROL =
  "h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-body text-text hover:border-muted disabled:opacity-60 data-[invalid]:border-bad pointer-coarse:h-11 pointer-coarse:text-[16px]";

export function Input({ className, ...rest }: ComponentProps<typeof Base.Control>) {
  return (
    <Base.Control
      {...rest}
      className={classes(CONTROL, typeof className === "string" && className)}
    />
  );
}

export function TextArea({ className, rows = 4, value, ...rest }: ComponentProps<"textarea">) {
  return (
    <Base.Control
      // The field has to see a change of the value, or its error would stay.
      {...(value === undefined ? {} : { value })}
      render={<textarea {...rest} rows={rows} />}
      className={classes(CONTROL, "h-auto resize-y py-1.5 pointer-coarse:h-auto", className)}
    />
  );
}
