/**
 * Markdown that a model wrote: `<Markdown text={answer} />`, also while it streams.
 *
 * Safe by construction: tokens become elements, HTML becomes visible text, pictures are never
 * fetched, links lead to http, https and mailto only. Blocks that did not change are not drawn again.
 */
import { memo, useState } from "react";
import { type Block, BlockLexer } from "./markdown/blocks";
import { render } from "./markdown/tokens";

export function Markdown({ text }: { text: string }) {
  const [lexer] = useState(() => new BlockLexer());
  return (
    <div className="max-w-[68ch] text-read break-words">
      {lexer.blocks(text).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

const BlockView = memo(
  ({ block }: { block: Block }) => render(block.tokens),
  (before, after) => before.block.text === after.block.text,
);
