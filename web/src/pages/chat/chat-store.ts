import { address, answer as answerOf, client } from "~/api/client";
import { ApiError, unreachable } from "~/api/error";
import { streamJson } from "~/api/stream";
import { attemptsOf, type Chunk, errorIn, withChunk } from "./answer";
import { chance, shuffled, type Vote } from "./blind";
import {
  type Answer,
  type Attachment,
  COLUMNS_MAX,
  type Column,
  type Conversation,
  type Failure,
  failureOf,
  NO_SETTINGS,
  newAnswer,
  newColumn,
  newId,
  type Settings,
  type Turn,
} from "./conversation";
import { History, type Kept, type Summary, type TextStore } from "./history";
import type { PlaygroundKey } from "./playground-key";
import { type Able, type ChatBody, chatRequest } from "./request";

export type Models = ReadonlyMap<string, Able>;

/** A prompt that is being written. */
export interface Draft {
  prompt: string;
  attachments: readonly Attachment[];
}

const NO_DRAFT: Draft = { prompt: "", attachments: [] };

/** The record of a call that was stopped may be written a moment later. */
const RECORD_TRIES = 6;
const RECORD_WAIT_MS = 300;

export interface Environment {
  key: PlaygroundKey;
  /** Where conversations are kept; null keeps none. */
  storage: TextStore | null;
  person: string;
}

/**
 * The conversation of a tab, with the calls that are under way. It lives outside of the page, so
 * that an answer goes on while another page is looked at.
 */
export class ChatStore {
  readonly #key: PlaygroundKey;
  readonly #history: History | null;
  readonly #answers = new Map<string, Answer>();
  readonly #running = new Map<string, AbortController>();
  readonly #listeners = new Set<() => void>();
  #conversation: Conversation;
  #draft: Draft = NO_DRAFT;
  #summaries: readonly Summary[];
  #kept = true;
  #frame: number | null = null;

  constructor({ key, storage, person }: Environment) {
    this.#key = key;
    this.#history = storage ? new History(person, storage) : null;
    this.#summaries = this.#history?.list() ?? [];
    this.#conversation = blank([]);
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly conversation = () => this.#conversation;
  readonly draft = () => this.#draft;
  readonly summaries = () => this.#summaries;
  readonly answer = (id: string | undefined) =>
    id === undefined ? undefined : this.#answers.get(id);
  readonly running = () => this.#running.size;
  /** Whether this browser had room for the conversation. */
  readonly kept = () => this.#kept;

  // What is asked, and of whom.

  setDraft(change: Partial<Draft>): void {
    this.#draft = { ...this.#draft, ...change };
    this.#tell();
  }

  setSettings(change: Partial<Settings>): void {
    this.#change({ settings: { ...this.#conversation.settings, ...change } });
  }

  setColumns(columns: readonly Column[]): void {
    this.#change({ columns: columns.slice(0, COLUMNS_MAX) });
  }

  setColumn(id: string, change: Partial<Column>): void {
    this.setColumns(
      this.#conversation.columns.map((column) =>
        column.id === id ? { ...column, ...change } : column,
      ),
    );
  }

  /** Closes a column; its answers are forgotten with it. */
  close(id: string): void {
    const { columns, turns } = this.#conversation;
    for (const turn of turns) for (const answer of turn.answers[id] ?? []) this.stop(answer);
    this.#change({
      columns: columns.filter((column) => column.id !== id),
      turns: turns.map((turn) => {
        const { [id]: _, ...answers } = turn.answers;
        return { ...turn, answers };
      }),
    });
    this.#keep();
  }

  /** Goes on with one column alone. */
  only(id: string): void {
    for (const column of this.#conversation.columns) if (column.id !== id) this.close(column.id);
  }

  /** A second column like one that is there, with what was said in it. */
  duplicate(id: string): void {
    const { columns, turns } = this.#conversation;
    const place = columns.findIndex((column) => column.id === id);
    const column = columns[place];
    if (!column || columns.length >= COLUMNS_MAX) return;
    const copy = newColumn(column.model, column.provider);
    this.#change({
      columns: columns.toSpliced(place + 1, 0, copy),
      turns: turns.map((turn) => ({
        ...turn,
        answers: { ...turn.answers, [copy.id]: turn.answers[id] ?? [] },
      })),
    });
  }

  // Conversations.

  /** A new conversation, with the models that were chosen, or others. */
  fresh(columns: readonly Column[] = this.#conversation.columns, settings = NO_SETTINGS): void {
    this.#leave();
    this.#conversation = {
      ...blank(columns.map(({ model, provider }) => newColumn(model, provider))),
      settings,
    };
    this.#draft = NO_DRAFT;
    this.#kept = true;
    this.#tell();
  }

  /** What was said elsewhere, such as in a logged call, with a prompt to go on with. */
  begin({ conversation, answers, ...draft }: Kept & Draft): void {
    this.#leave();
    for (const answer of answers) this.#answers.set(answer.id, answer);
    this.#conversation = conversation;
    this.#draft = { prompt: draft.prompt, attachments: draft.attachments };
    this.#kept = true;
    this.#keep();
    this.#tell();
  }

  /** One that was kept. Returns whether it was found. */
  open(id: string): boolean {
    const found = this.#history?.load(id);
    if (!found) return false;
    this.#leave();
    for (const answer of found.answers) this.#answers.set(answer.id, answer);
    this.#conversation = found.conversation;
    this.#draft = NO_DRAFT;
    this.#tell();
    return true;
  }

  forget(id: string): void {
    if (id === this.#conversation.id) this.#abandon();
    this.#history?.remove(id);
    this.#summaries = this.#history?.list() ?? [];
    this.#tell();
  }

  forgetAll(): void {
    this.#abandon();
    this.#history?.clear();
    this.#summaries = [];
    this.#tell();
  }

  /** What is under way ends here, and stays as far as it has come. */
  #leave(): void {
    this.stopAll();
    this.#keep();
    this.#answers.clear();
  }

  /** Leaves without keeping. */
  #abandon(): void {
    this.stopAll();
    this.#answers.clear();
    this.#conversation = { ...this.#conversation, turns: [] };
    this.fresh();
  }

  // Asking.

  /** Asks every column what the draft says. Blind, nobody knows in which one a model answers. */
  send(models: Models, blind = false): void {
    const { prompt, attachments } = this.#draft;
    const { columns, turns } = this.#conversation;
    const hidden = blind && columns.length > 1;
    const turn: Turn = {
      id: newId(),
      prompt: prompt.trim(),
      attachments,
      answers: {},
      ...(hidden ? { blind: true } : {}),
    };
    this.#draft = NO_DRAFT;
    this.#change({
      turns: [...turns, turn],
      columns: hidden ? shuffled(columns, chance) : columns,
    });
    this.#askAll(turn.id, models);
  }

  /** Asks anew from a turn on, with another prompt. What followed it is gone. */
  resend(turnId: string, prompt: string, models: Models): void {
    const { turns } = this.#conversation;
    const place = turns.findIndex((turn) => turn.id === turnId);
    const turn = turns[place];
    if (!turn) return;
    this.stopAll();
    const { vote: _, ...asked } = turn;
    const changed = { ...asked, id: newId(), prompt: prompt.trim(), answers: {} };
    this.#change({ turns: [...turns.slice(0, place), changed] });
    this.#askAll(changed.id, models);
  }

  /** Chooses the best answer of a turn, by its column, or "tie"; names are told then. */
  vote(turnId: string, vote: Vote): void {
    this.#change({
      turns: this.#conversation.turns.map((turn) =>
        turn.id === turnId ? { ...turn, vote } : turn,
      ),
    });
    this.#keep();
  }

  /** Asks one column once more. */
  retry(turnId: string, columnId: string, models: Models): void {
    const turn = this.#turn(turnId);
    for (const id of turn?.answers[columnId] ?? []) this.stop(id);
    this.#setAnswers(turnId, columnId, []);
    this.#ask(turnId, columnId, models);
  }

  /** Gives results of tools back, by the id of the call, and has the model go on. */
  resolve(
    turnId: string,
    columnId: string,
    results: Readonly<Record<string, string>>,
    models: Models,
  ): void {
    const last = this.#turn(turnId)?.answers[columnId]?.at(-1);
    const answer = this.answer(last);
    if (!answer) return;
    const toolCalls = answer.toolCalls.map((call) => ({
      ...call,
      result: results[call.id] ?? "",
    }));
    this.#answers.set(answer.id, { ...answer, toolCalls });
    this.#ask(turnId, columnId, models);
  }

  stop(answerId: string): void {
    this.#running.get(answerId)?.abort();
  }

  stopAll(): void {
    for (const abort of this.#running.values()) abort.abort();
  }

  /** What a column was or would be asked in a turn. */
  requestOf(turn: Turn, column: Column, models: Models): ChatBody {
    const able = models.get(column.model ?? "");
    return chatRequest(this.#conversation, this.#answers, column, turn, able);
  }

  #askAll(turnId: string, models: Models): void {
    for (const column of this.#conversation.columns) this.#ask(turnId, column.id, models);
    // Whoever reloads the page meanwhile still has the question.
    this.#keep();
  }

  #ask(turnId: string, columnId: string, models: Models): void {
    const turn = this.#turn(turnId);
    const column = this.#conversation.columns.find(({ id }) => id === columnId);
    if (!turn || !column?.model) return;
    const body = this.requestOf(turn, column, models);
    const answer = newAnswer(column.model, performance.now());
    this.#answers.set(answer.id, answer);
    this.#setAnswers(turnId, columnId, [...(turn.answers[columnId] ?? []), answer.id]);
    const abort = new AbortController();
    this.#running.set(answer.id, abort);
    this.#tell();
    void this.#run(answer.id, body, abort.signal).finally(() => {
      this.#running.delete(answer.id);
      this.#tell();
      this.#keep();
      if (this.#running.size === 0) void this.#key.look();
    });
  }

  async #run(id: string, body: ChatBody, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const elapsed = () => performance.now() - began;
    try {
      for await (const chunk of this.#chunks(body, signal)) {
        const broken = errorIn(chunk);
        this.#update(id, (answer) => withChunk(answer, chunk, elapsed()));
        if (broken) throw broken;
      }
      this.#update(id, (answer) => ({ ...answer, status: "done", totalMs: elapsed() }));
    } catch (cause) {
      const totalMs = elapsed();
      if (signal.aborted) {
        this.#update(id, (answer) => ({ ...answer, status: "stopped", totalMs }));
        void this.#settle(id);
        return;
      }
      const error = unreachable(cause);
      const failure = failureOf(
        error instanceof ApiError ? error : new ApiError(0, "unreachable", String(cause), null),
      );
      this.#update(id, (answer) => ({
        ...answer,
        status: "failed",
        totalMs,
        failure,
        generation: answer.generation ?? recordOf(failure),
      }));
    }
  }

  /** The chunks of an answer, asked for with the playground's key, never with the session. */
  async *#chunks(body: ChatBody, signal: AbortSignal): AsyncGenerator<Chunk> {
    const call = (secret: string) =>
      streamJson<Chunk>(address("/chat/completions"), {
        method: "POST",
        signal,
        credentials: "omit",
        headers: {
          authorization: `Bearer ${secret}`,
          "content-type": "application/json",
          "x-openrouter-metadata": "enabled",
          "x-title": "Tollgate Playground",
        },
        body: JSON.stringify(body),
      });
    const secret = await this.#key.secret();
    signal.throwIfAborted();
    try {
      yield* call(secret);
    } catch (error) {
      // Another tab's secret has followed this one, and its hour is over.
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      yield* call(await this.#key.again(secret));
    }
  }

  /** What a stopped answer took is in its record, once the gateway has closed it. */
  async #settle(id: string): Promise<void> {
    const generation = this.answer(id)?.generation;
    if (!generation) return;
    for (let tries = 0; tries < RECORD_TRIES; tries++) {
      await new Promise((resolve) => setTimeout(resolve, RECORD_WAIT_MS * (tries + 1)));
      try {
        const query = { id: generation };
        const { data } = await answerOf(client.GET("/api/v1/generation", { params: { query } }));
        this.#update(id, (answer) => ({
          ...answer,
          usage: {
            promptTokens: data.native_tokens_prompt,
            completionTokens: data.native_tokens_completion,
            reasoningTokens: data.native_tokens_reasoning,
            cachedTokens: data.native_tokens_cached,
            cost: String(data.total_cost),
          },
          attempts: attemptsOf(
            data.provider_responses.map(({ provider_name, status }) => ({
              provider: provider_name,
              status,
            })),
          ),
        }));
        this.#keep();
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) return;
      }
    }
  }

  #turn(id: string): Turn | undefined {
    return this.#conversation.turns.find((turn) => turn.id === id);
  }

  #setAnswers(turnId: string, columnId: string, ids: readonly string[]): void {
    this.#change({
      turns: this.#conversation.turns.map((turn) =>
        turn.id === turnId ? { ...turn, answers: { ...turn.answers, [columnId]: ids } } : turn,
      ),
    });
  }

  #update(id: string, change: (answer: Answer) => Answer): void {
    const before = this.#answers.get(id);
    // Its conversation may have been left meanwhile.
    if (!before) return;
    this.#answers.set(id, change(before));
    // Pieces may come by the hundred: the page is drawn once a frame.
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#tell();
    });
  }

  #change(change: Partial<Conversation>): void {
    this.#conversation = { ...this.#conversation, ...change };
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #keep(): void {
    const conversation = this.#conversation;
    if (conversation.turns.length === 0 || !this.#history) return;
    const ids = conversation.turns.flatMap((turn) => Object.values(turn.answers).flat());
    const answers = [...new Set(ids)].flatMap((id) => this.#answers.get(id) ?? []);
    this.#kept = this.#history.save({ conversation, answers }, new Date());
    this.#summaries = this.#history.list();
    this.#tell();
  }
}

/** Calls that failed have a record, too, which their error names. */
const recordOf = ({ requestId }: Failure): string | null =>
  requestId?.startsWith("gen-") ? requestId : null;

const blank = (columns: readonly Column[]): Conversation => ({
  id: newId(),
  columns,
  turns: [],
  settings: NO_SETTINGS,
});
