import { useEffect, useRef } from "react";
import { useNarrow } from "~/app/media";
import { classes } from "~/components/classes";
import { AnswerCell } from "./AnswerCell";
import { isHidden } from "./blind";
import { ColumnHead } from "./ColumnHead";
import { ColumnTabs } from "./ColumnTabs";
import { type Column, letterOf } from "./conversation";
import { Prompt } from "./Prompt";
import { Starters } from "./Starters";
import { useConversation } from "./use-chat";
import { VerdictLine } from "./VerdictLine";

/** Closer to the end than this, the thread follows what is written. */
const NEAR_PX = 80;

export interface ThreadProps {
  shown: string | null;
  onShow: (column: string | null) => void;
  onParameters: () => void;
}

/** A row for each prompt, with a cell for each model. All columns scroll together. */
export function Thread({ shown, onShow, onParameters }: ThreadProps) {
  const conversation = useConversation();
  const { columns, turns } = conversation;
  const hidden = isHidden(conversation);
  const narrow = useNarrow();
  const alone = columns.find((column) => column.id === shown) ?? (narrow ? columns[0] : undefined);
  const visible = alone ? [alone] : columns;
  const letter = (column: Column) => letterOf(columns.indexOf(column));
  const swipe = useSwipe((step) => {
    if (!narrow || !alone) return;
    const next = columns[columns.indexOf(alone) + step];
    if (next) onShow(next.id);
  });
  const { scroller, content } = useFollow(turns.length);
  return (
    <>
      {narrow && columns.length > 1 && alone && (
        <ColumnTabs columns={columns} current={alone.id} onShow={onShow} />
      )}
      <div
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        role="region"
        aria-label="Conversation"
        className="min-h-0 flex-1 overflow-auto"
        {...swipe}
      >
        <div
          ref={content}
          className="grid min-h-full content-start"
          style={{ gridTemplateColumns: `repeat(${visible.length}, minmax(300px, 1fr))` }}
        >
          {visible.map((column, place) => (
            <div
              key={column.id}
              id={`column-${letter(column)}`}
              tabIndex={-1}
              className={classes(
                "sticky top-0 z-10 border-b bg-bg px-4 py-2 md:px-6",
                place > 0 && "border-l",
              )}
            >
              <ColumnHead
                column={column}
                letter={letter(column)}
                hidden={hidden}
                alone={alone !== undefined && !narrow}
                onShow={onShow}
                onParameters={onParameters}
              />
            </div>
          ))}
          {turns.length === 0 && (
            <div className="col-span-full px-4 md:px-6">
              <Starters />
            </div>
          )}
          {turns.map((turn, index) => (
            <div key={turn.id} className="col-span-full grid grid-cols-subgrid">
              <Prompt turn={turn} />
              {visible.map((column, place) => (
                <div
                  key={column.id}
                  className={classes("min-w-0 px-4 pt-3 pb-4 md:px-6", place > 0 && "border-l")}
                >
                  <AnswerCell
                    turn={turn}
                    column={column}
                    letter={letter(column)}
                    last={index === turns.length - 1}
                    hidden={hidden}
                  />
                </div>
              ))}
              {columns.length > 1 && (!hidden || index === turns.length - 1) && (
                <VerdictLine turn={turn} columns={columns} hidden={hidden} />
              )}
            </div>
          ))}
        </div>
      </div>
    </>
  );
}

/** Stays at the end while answers grow, unless somebody has scrolled away from it. */
function useFollow(turns: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  useEffect(() => {
    const view = scroller.current;
    const inner = content.current;
    if (!view || !inner) return;
    const onScroll = () => {
      following.current = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_PX;
    };
    const observer = new ResizeObserver(() => {
      if (following.current) view.scrollTop = view.scrollHeight;
    });
    observer.observe(inner);
    view.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      view.removeEventListener("scroll", onScroll);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was just asked is looked at
  useEffect(() => {
    following.current = true;
    const view = scroller.current;
    if (view) view.scrollTop = view.scrollHeight;
  }, [turns]);
  return { scroller, content };
}

const SWIPE_PX = 60;

/** A finger that goes sideways leads to the next column. */
function useSwipe(onSwipe: (step: 1 | -1) => void) {
  const from = useRef<{ x: number; y: number } | null>(null);
  return {
    onTouchStart: (event: React.TouchEvent) => {
      const touch = event.touches[0];
      // Code and tables scroll sideways themselves.
      const own = event.target instanceof Element && event.target.closest("pre, [tabindex] table");
      from.current = touch && !own ? { x: touch.clientX, y: touch.clientY } : null;
    },
    onTouchEnd: (event: React.TouchEvent) => {
      const touch = event.changedTouches[0];
      const start = from.current;
      from.current = null;
      if (!touch || !start) return;
      const across = touch.clientX - start.x;
      if (Math.abs(across) < SWIPE_PX || Math.abs(across) < 2 * Math.abs(touch.clientY - start.y))
        return;
      onSwipe(across < 0 ? 1 : -1);
    },
  };
}
