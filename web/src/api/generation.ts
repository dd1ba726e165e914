import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

async function readGeneration(id: string, signal: AbortSignal) {
  const call = client.GET("/api/v1/generation", { params: { query: { id } }, signal });
  return (await answer(call)).data;
}

/** All that is kept of one call. */
export type Generation = Awaited<ReturnType<typeof readGeneration>>;
export type Attempt = Generation["provider_responses"][number];
/** The plan of a call: of one that was made, or of one that would be. */
export type Routing = Schemas["Routing"];
export type Candidate = Routing["candidates"][number];

async function readContent(id: string, signal: AbortSignal) {
  const call = client.GET("/api/v1/generation/content", { params: { query: { id } }, signal });
  return (await answer(call)).data;
}

export type GenerationContent = Awaited<ReturnType<typeof readContent>>;
export type FeedbackCategory = Schemas["Feedback"]["category"];

/** The record of a call. It is there once the call has ended, and only its feedback ever changes. */
export const generationQuery = (id: string) =>
  queryOptions({
    queryKey: ["generation", id],
    queryFn: ({ signal }) => readGeneration(id, signal),
    staleTime: 60_000,
    placeholderData: undefined,
  });

/** What was said and answered, where it is kept. A 403 or 404 says that it isn't. */
export const contentQuery = (id: string) =>
  queryOptions({
    queryKey: ["generation", id, "content"],
    queryFn: ({ signal }) => readContent(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });

/** Says what was wrong with an answer. */
export const giveFeedback = (body: {
  generation_id: string;
  category: FeedbackCategory;
  comment?: string;
}) => answer(client.POST("/api/v1/generation/feedback", { body }));
