/** The state of the preview: what is asked, what is known of each block, and the traffic with Python. */

import { TOKEN_HEADER, type GraphDocument, type Problem } from "../../wire";
import { differsInMeaning } from "../document";
import type { BlockPreview, Part, PreviewAnswer, PreviewRequest, RunOffer, Sample, WeightsTold } from "./answer";

export interface PreviewState {
  readonly isOn: boolean;
  readonly part: Part;
  readonly sample: number;
  readonly weights: string | null;
  readonly blocks: Readonly<Record<string, BlockPreview>>;
  readonly shown: Sample | null;
  readonly told: WeightsTold | null;
  readonly runs: readonly RunOffer[];
  readonly detail: (BlockPreview & { readonly id: string }) | null;
  readonly problems: readonly Problem[];
  readonly failure: string | null;
  readonly isBusy: boolean;
}

interface Options {
  readonly url: string;
  readonly token: string;
  readonly projectId: string;
  readonly fetch?: typeof fetch;
}

export const START: PreviewState = {
  isOn: false,
  part: "train",
  sample: 0,
  weights: null,
  blocks: {},
  shown: null,
  told: null,
  runs: [],
  detail: null,
  problems: [],
  failure: null,
  isBusy: false,
};

type Choice = Pick<PreviewState, "isOn" | "part" | "sample" | "weights">;

/** What was chosen for a project lasts while the page is open, also where the editor is mounted anew. */
const chosen = new Map<string, Choice>();

const DEBOUNCE_MS = 60;
const PASSING_MS = 1500;
/** A run writes a checkpoint every few seconds; asking costs little while it is the same. */
const REFRESH_MS = 4000;
const RETRY_MS = [1000, 2000, 4000, 8000] as const;
const GOING_ON: ReadonlySet<string> = new Set(["starting", "running", "paused"]);
const STARTING = "engine_starting";

export class PreviewStore {
  private state: PreviewState;
  private readonly listeners = new Set<() => void>();
  private readonly client = Math.random().toString(36).slice(2);
  private graph: GraphDocument | null = null;
  private rev = 0;
  private block: string | null = null;
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(private readonly options: Options) {
    this.state = { ...START, ...chosen.get(options.projectId) };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly snapshot = (): PreviewState => this.state;

  /** Ask about another model. */
  follow(graph: GraphDocument): void {
    const isNew = this.graph === null || differsInMeaning(this.graph, graph);
    this.graph = graph;
    if (!isNew) return;
    this.rev += 1;
    this.askIn(DEBOUNCE_MS);
  }

  turn(isOn: boolean): void {
    this.change({ isOn, isBusy: false });
    this.remember();
    if (isOn) this.askIn(0);
    else this.close();
  }

  /** Choose what is previewed: the sample, its part of the data, or the weights. */
  choose(change: Partial<Omit<Choice, "isOn">>): void {
    this.change(change);
    this.remember();
    this.askIn(0);
  }

  /** Ask for everything about one block, or about none. */
  look(block: string | null): void {
    if (block === this.block) return;
    this.block = block;
    this.change({ detail: null });
    if (block !== null) this.askIn(0);
  }

  /** Go on after `close`, where the preview was on. */
  resume(): void {
    this.askIn(0);
  }

  close(): void {
    this.request?.abort();
    clearTimeout(this.timer);
  }

  private askIn(milliseconds: number): void {
    if (!this.state.isOn || !this.graph) return;
    this.close();
    this.timer = setTimeout(() => void this.ask(), milliseconds);
  }

  private async ask(): Promise<void> {
    const { graph } = this;
    if (!graph) return;
    const request = new AbortController();
    this.request = request;
    this.change({ isBusy: true });
    try {
      const answer = await this.post(this.body(graph), request.signal);
      if (this.request !== request || request.signal.aborted) return;
      this.failures = 0;
      this.take(answer);
    } catch (error) {
      if (this.request !== request || request.signal.aborted) return;
      this.failed(error);
    }
  }

  private body(graph: GraphDocument): PreviewRequest {
    const { rev, client, block } = this;
    const { part, sample, weights, blocks } = this.state;
    const known = Object.fromEntries(Object.entries(blocks).map(([id, { key }]) => [id, key]));
    return { projectId: this.options.projectId, client, rev, graph, sample, part, weights, known, block };
  }

  private async post(body: PreviewRequest, signal: AbortSignal): Promise<PreviewAnswer> {
    const { url, token } = this.options;
    const send = this.options.fetch ?? fetch;
    const headers = { "Content-Type": "application/json", [TOKEN_HEADER]: token };
    const response = await send(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    const answer = (await response.json()) as PreviewAnswer & { error?: string };
    if (!response.ok) throw new Refused(answer.error ?? `status ${response.status}`);
    return answer;
  }

  private take(answer: PreviewAnswer): void {
    const isStarting = answer.problems.some(({ code }) => code === STARTING);
    this.change({
      blocks: merged(this.state.blocks, answer),
      shown: answer.sample ?? this.state.shown,
      told: answer.weights ?? this.state.told,
      runs: answer.runs,
      detail: answer.detail ?? (answer.complete ? null : this.state.detail),
      problems: answer.problems,
      failure: null,
      isBusy: !answer.complete && (isStarting || answer.problems.length === 0),
    });
    // What could not be computed in one go, comes with the next question.
    if (isStarting) this.askIn(PASSING_MS);
    else if (!answer.complete && answer.problems.length === 0) this.askIn(0);
    else if (GOING_ON.has(answer.weights?.status ?? "")) this.askIn(REFRESH_MS);
  }

  private failed(error: unknown): void {
    const isRefused = error instanceof Refused;
    const failure = isRefused ? error.message : "The studio does not answer. The pictures may be out of date; trying again…";
    this.change({ failure, isBusy: false });
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] as number;
    this.failures += 1;
    if (!isRefused) this.askIn(wait);
  }

  private remember(): void {
    const { isOn, part, sample, weights } = this.state;
    chosen.set(this.options.projectId, { isOn, part, sample, weights });
  }

  private change(change: Partial<PreviewState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** Return what is known after an answer; while it is not complete, what was known before stays in sight. */
export function merged(before: PreviewState["blocks"], answer: PreviewAnswer): PreviewState["blocks"] {
  if (answer.problems.length > 0) return before;
  const after: Record<string, BlockPreview> = answer.complete ? {} : { ...before };
  for (const [id, block] of Object.entries(answer.blocks)) {
    const known = before[id];
    if ("outputs" in block) after[id] = block;
    else if (known) after[id] = known;
  }
  return after;
}

class Refused extends Error {}
