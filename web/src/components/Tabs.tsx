/**
 * Views of one thing, side by side:
 *
 *     <Tabs label="Log" value={tab} onChange={setTab} tabs={[{ value: "requests", label: "Requests", panel: <Requests /> }]} />
 *
 * Keep `value` in the address with `useUrlState`. Only the chosen panel is mounted.
 */
import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { whole } from "~/format";

export interface Tab<T extends string> {
  value: T;
  label: string;
  /** A number beside the label. */
  count?: number | undefined;
  panel: ReactNode;
}

export interface TabsProps<T extends string> {
  label: string;
  tabs: readonly Tab<T>[];
  value: T;
  onChange: (value: T) => void;
  actions?: ReactNode;
}

export function Tabs<T extends string>({ label, tabs, value, onChange, actions }: TabsProps<T>) {
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => onChange(next as T)}
      className="flex min-h-0 flex-1 flex-col"
    >
      <div className="flex items-end gap-2 border-b">
        <Base.List aria-label={label} className="-mb-px flex gap-4 overflow-x-auto" activateOnFocus>
          {tabs.map((tab) => (
            <Base.Tab
              key={tab.value}
              value={tab.value}
              className="h-8 border-b-2 border-transparent whitespace-nowrap text-muted hover:text-text data-[active]:border-accent data-[active]:text-text pointer-coarse:h-11"
            >
              {tab.label}
              {tab.count !== undefined && (
                <span className="ml-1.5 text-faint">{whole(tab.count)}</span>
              )}
            </Base.Tab>
          ))}
        </Base.List>
        {actions && <div className="ml-auto pb-1">{actions}</div>}
      </div>
      {tabs.map((tab) => (
        <Base.Panel
          key={tab.value}
          value={tab.value}
          className="flex min-h-0 flex-1 flex-col pt-3 outline-none focus-visible:outline-2 data-[hidden]:hidden"
        >
          {tab.panel}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
