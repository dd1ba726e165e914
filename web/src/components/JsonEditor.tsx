/**
 * JSON that is written by hand; says where it is wrong while it is typed.
 *
 *     <Field name="rules" label="Rules"><JsonEditor value={text} onChange={setText} /></Field>
 *
 * `readJson` tells what was written, or why it can't be read.
 */
import { TextArea } from "./Field";

export type ReadJson = { value: unknown; problem: null } | { value: null; problem: string };

export function readJson(text: string): ReadJson {
  try {
    return { value: JSON.parse(text) as unknown, problem: null };
  } catch (error) {
    return { value: null, problem: error instanceof Error ? error.message : "This is no JSON." };
  }
}

export const writeJson = (value: unknown): string => JSON.stringify(value, null, 2);

export interface JsonEditorProps {
  value: string;
  onChange: (text: string) => void;
  rows?: number;
}

export function JsonEditor({ value, onChange, rows = 18 }: JsonEditorProps) {
  return (
    <TextArea
      rows={rows}
      spellCheck={false}
      autoComplete="off"
      wrap="off"
      className="overflow-x-auto font-mono text-label leading-5"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
