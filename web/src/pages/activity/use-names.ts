import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { providersQuery } from "~/api/catalogue";
import { keyNamesQuery } from "~/api/keys";
import { membersQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import type { Names } from "./dimensions";

const UNSET: Readonly<Record<string, string>> = {
  provider: "No provider answered",
  endpoint: "No provider answered",
  model: "No model answered",
  api_key: "No key",
  creator: "Nobody known",
};

/** Names of what sums know by ids. `dimensions` are those in sight: others are not asked for. */
export function useNames(dimensions: readonly string[]): Names {
  const session = useSession();
  const wantsKeys = dimensions.includes("api_key") && may(session, "own_keys");
  const { data: keys } = useQuery({ ...keyNamesQuery(session), enabled: wantsKeys });
  const { data: members } = useQuery({
    ...membersQuery,
    enabled: dimensions.includes("creator") && may(session, "people"),
  });
  const { data: providers } = useQuery({
    ...providersQuery,
    enabled: dimensions.includes("provider"),
  });
  return useMemo(() => {
    const { workspaces } = session;
    return {
      summed: (field, value) => {
        if (field === "workspace") return workspaces.find((one) => one.slug === value)?.id ?? value;
        if (field === "provider")
          return providers?.find((one) => one.slug === value)?.name ?? value;
        return value;
      },
      addressed: (dimension, group) => {
        if (dimension === "workspace") {
          return workspaces.find((one) => one.id === group)?.slug ?? group;
        }
        if (dimension === "provider") {
          return providers?.find((one) => one.name === group)?.slug ?? group;
        }
        return group;
      },
      shown: (dimension, group) => {
        if (group === "") return UNSET[dimension] ?? "Without";
        if (dimension === "workspace") {
          return workspaces.find((one) => one.id === group)?.name ?? group;
        }
        if (dimension === "creator") {
          return members?.data.find((one) => one.id === group)?.email ?? group;
        }
        if (dimension === "api_key") return keys?.get(group) ?? `${group.slice(0, 8)}…`;
        return group;
      },
    };
  }, [session, keys, members, providers]);
}
