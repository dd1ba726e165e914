import { Link, useParams } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense } from "react";
import { useSession } from "~/app/session";
import { EmptyState } from "~/components/EmptyState";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { SECTIONS } from "./registry";

const VIEWS: ReadonlyMap<string, ComponentType> = new Map(
  SECTIONS.map((section) => [section.name, lazy(section.load)]),
);

const intoView = (link: HTMLAnchorElement | null) =>
  link?.scrollIntoView({ block: "nearest", inline: "nearest" });

export default function SettingsPage() {
  const session = useSession();
  const { section: wanted } = useParams({ strict: false }) as { section?: string };
  const sections = SECTIONS.filter((section) => section.allowed?.(session) ?? true);
  const section = wanted ? sections.find(({ name }) => name === wanted) : sections[0];
  const View = section ? VIEWS.get(section.name) : undefined;
  return (
    <Page title="Settings" scope={section?.title}>
      <div className="flex flex-col gap-x-12 gap-y-6 md:flex-row">
        <nav
          aria-label="Settings"
          className="flex shrink-0 gap-px overflow-x-auto md:w-40 md:flex-col"
        >
          {sections.map(({ name, title }) => (
            <Link
              key={name}
              to={`/settings/${name}`}
              // On a phone they lie in a row that is longer than the page is wide.
              ref={name === section?.name ? intoView : undefined}
              aria-current={name === section?.name ? "page" : undefined}
              className="flex h-8 shrink-0 items-center rounded-md px-2 whitespace-nowrap text-muted hover:bg-hover hover:text-text aria-[current=page]:bg-hover aria-[current=page]:font-medium aria-[current=page]:text-text pointer-coarse:h-11"
            >
              {title}
            </Link>
          ))}
        </nav>
        <div className="min-w-0 max-w-140 flex-1">
          {View ? (
            <Suspense fallback={<Loading label={section?.title ?? "Settings"} />}>
              <View />
            </Suspense>
          ) : (
            <EmptyState title="No such settings">Choose one of those beside.</EmptyState>
          )}
        </div>
      </div>
    </Page>
  );
}
