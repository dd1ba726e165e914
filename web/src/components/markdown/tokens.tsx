import type { Token, Tokens } from "marked";
import { Fragment, type ReactNode } from "react";
import { Code } from "../Code";
import { CopyButton } from "../CopyField";
import { hostOf, inlinePicture, safeLink } from "./links";

/** Tokens as elements. Types that are not known print their source. */
export function render(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, index) => <Fragment key={index}>{element(token)}</Fragment>);
}

const HEADINGS = ["h3", "h4", "h5", "h6", "h6", "h6"] as const;
const HEADING_LOOKS = [
  "text-title",
  "text-read",
  "text-read",
  "text-body",
  "text-body",
  "text-body",
];

function element(token: Token): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      const { depth, tokens } = token as Tokens.Heading;
      // The page's own headings are above those of an answer.
      const Heading = HEADINGS[depth - 1] ?? "h6";
      return (
        <Heading className={`mt-4 mb-1.5 font-semibold first:mt-0 ${HEADING_LOOKS[depth - 1]}`}>
          {render(tokens)}
        </Heading>
      );
    }
    case "paragraph":
      return <p className="my-2 first:mt-0 last:mb-0">{render(token.tokens)}</p>;
    case "blockquote":
      return (
        <blockquote className="my-2 border-l-2 pl-3 text-muted">{render(token.tokens)}</blockquote>
      );
    case "list":
      return list(token as Tokens.List);
    case "code": {
      const { text, lang } = token as Tokens.Code;
      return (
        <div className="relative my-3">
          <Code code={text} language={lang?.split(/\s/)[0]?.toLowerCase()} />
          <span className="absolute top-1 right-1 bg-sunken">
            <CopyButton label="code" value={text} />
          </span>
        </div>
      );
    }
    case "table":
      return table(token as Tokens.Table);
    case "hr":
      return <hr className="my-4" />;
    default:
      return inline(token);
  }
}

function inline(token: Token): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong className="font-semibold">{render(token.tokens)}</strong>;
    case "em":
      return <em className="italic">{render(token.tokens)}</em>;
    case "del":
      return <del>{render(token.tokens)}</del>;
    case "codespan":
      return (
        <code className="rounded-sm bg-hover px-1 py-px font-mono text-[0.92em]">
          {(token as Tokens.Codespan).text}
        </code>
      );
    case "br":
      return <br />;
    case "escape":
      return (token as Tokens.Escape).text;
    case "text":
      return token.tokens ? render(token.tokens) : (token as Tokens.Text).text;
    case "link":
      return link(token as Tokens.Link);
    case "image":
      return picture(token as Tokens.Image);
    default:
      // HTML becomes text that can be seen, as does whatever the lexer learns later.
      return token.raw;
  }
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const children = items.map((item, index) => (
    <li key={index} className="my-0.5">
      {item.task && (
        <input
          type="checkbox"
          checked={item.checked ?? false}
          disabled
          aria-label={item.checked ? "Done" : "To do"}
          className="mr-1.5"
        />
      )}
      {render(item.tokens.filter((token) => token.type !== "checkbox"))}
    </li>
  ));
  return ordered ? (
    <ol className="my-2 list-decimal pl-6" start={typeof start === "number" ? start : 1}>
      {children}
    </ol>
  ) : (
    <ul className="my-2 list-disc pl-6">{children}</ul>
  );
}

function table({ header, rows, align }: Tokens.Table): ReactNode {
  const look = (column: number) =>
    align[column] === "right"
      ? "text-right"
      : align[column] === "center"
        ? "text-center"
        : "text-left";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div className="my-3 overflow-x-auto" tabIndex={0}>
      <table className="border-collapse">
        <thead>
          <tr>
            {header.map((cell, column) => (
              <th
                key={column}
                scope="col"
                className={`border-b border-line-strong px-2 py-1 font-medium ${look(column)}`}
              >
                {render(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className={`border-b px-2 py-1 ${look(column)}`}>
                  {render(cell.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function link({ href, tokens, raw }: Tokens.Link): ReactNode {
  const safe = safeLink(href);
  if (!safe) return raw;
  return (
    <a
      href={safe}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className="text-accent underline underline-offset-2"
    >
      {render(tokens)}
    </a>
  );
}

/** Pictures are never fetched: their address may tell somebody what was read. */
function picture({ href, text }: Tokens.Image): ReactNode {
  const inside = inlinePicture(href);
  if (inside) return <img src={inside} alt={text} className="my-2 max-h-96 max-w-full" />;
  return (
    <span className="inline-block border border-dashed px-2 py-0.5 text-label text-muted">
      Picture{text && ` “${text}”`} from {hostOf(href)}, not loaded
    </span>
  );
}
