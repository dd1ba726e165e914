import { useRouter } from "@tanstack/react-router";

/** Whether this dashboard has a page at a path: pages come and go as folders. */
export function usePageExists(): (path: string) => boolean {
  const { routesByPath } = useRouter();
  return (path) => path in routesByPath;
}
