import { type Answer, type Conversation, letterOf } from "./conversation";

/** A conversation as Markdown, with every column's answers. */
export function asMarkdown(
  { columns, turns, settings }: Conversation,
  answer: (id: string) => Answer | undefined,
): string {
  const parts: string[] = [];
  if (settings.system.trim() !== "") parts.push("## System", settings.system);
  for (const turn of turns) {
    parts.push("## Prompt", turn.prompt);
    for (const one of turn.attachments) parts.push(`Attached: ${one.name}`);
    for (const [index, column] of columns.entries()) {
      for (const id of turn.answers[column.id] ?? []) {
        const said = answer(id);
        if (said) parts.push(`### ${letterOf(index)}: ${said.model}`, ...body(said));
      }
    }
  }
  return `${parts.join("\n\n")}\n`;
}

function body({ text, toolCalls, failure }: Answer): string[] {
  const parts = text === "" ? [] : [text];
  for (const call of toolCalls) {
    parts.push(`Called \`${call.name}\`:`, `\`\`\`json\n${call.arguments}\n\`\`\``);
    if (call.result !== null) parts.push(`Result: ${call.result}`);
  }
  if (failure) parts.push(`Failed: ${failure.message}`);
  return parts;
}
