/** Asks Python for shapes and problems: the newest question only, patient with a lost connection. */

import { TOKEN_HEADER, type GraphDocument, type InferAnswer, type InferRequest } from "../wire";

export interface InferStatus {
  readonly answer: InferAnswer | null;
  readonly isSlow: boolean;
  readonly failure: string | null;
}

interface Options {
  readonly url: string;
  readonly token: string;
  readonly projectId: string;
  readonly onStatus: (status: InferStatus) => void;
  readonly fetch?: typeof fetch;
}

const DEBOUNCE_MS = 30;
const SLOW_MS = 400;
const PASSING: ReadonlySet<string> = new Set(["engine_starting", "choose_data_first"]);
const PASSING_MS = 2000;
const RETRY_MS = [1000, 2000, 4000, 8000] as const;

export class InferClient {
  private status: InferStatus = { answer: null, isSlow: false, failure: null };
  private newest: InferRequest | null = null;
  private failures = 0;
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private slowTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: Options) {}

  ask(rev: number, graph: GraphDocument): void {
    this.newest = { projectId: this.options.projectId, rev, graph };
    this.failures = 0;
    this.sendIn(DEBOUNCE_MS);
  }

  /** Ask again at once, after a failure. */
  retry(): void {
    if (this.newest) this.sendIn(0);
  }

  close(): void {
    this.request?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.slowTimer);
    this.newest = null;
  }

  private sendIn(milliseconds: number): void {
    this.request?.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.send(), milliseconds);
  }

  private async send(): Promise<void> {
    const question = this.newest;
    if (!question) return;
    const request = new AbortController();
    this.request = request;
    clearTimeout(this.slowTimer);
    this.slowTimer = setTimeout(() => this.report({ isSlow: true }), SLOW_MS);
    try {
      const answer = await this.post(question, request.signal);
      if (this.request !== request || answer.rev !== this.newest?.rev) return;
      this.failures = 0;
      this.report({ answer, isSlow: false, failure: null });
      // While the engine and the data get ready an answer is not the last word, though nobody edits.
      if (answer.problems.some(({ code }) => PASSING.has(code))) this.timer = setTimeout(() => void this.send(), PASSING_MS);
    } catch (error) {
      if (request.signal.aborted || this.request !== request) return;
      this.failed(error);
    } finally {
      if (this.request === request) clearTimeout(this.slowTimer);
    }
  }

  private async post(question: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const { url, token } = this.options;
    const send = this.options.fetch ?? fetch;
    const headers = { "Content-Type": "application/json", [TOKEN_HEADER]: token };
    const response = await send(url, { method: "POST", headers, body: JSON.stringify(question), signal });
    if (response.status === 401 || response.status === 403) throw new Refused();
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as InferAnswer;
  }

  private failed(error: unknown): void {
    const isRefused = error instanceof Refused;
    const failure = isRefused
      ? "This page is out of date: the studio was restarted. Reload the page to go on checking the model."
      : "The studio does not answer, so shapes and problems may be out of date. Your work is kept; trying again…";
    this.report({ isSlow: false, failure });
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] as number;
    this.failures += 1;
    if (!isRefused) this.timer = setTimeout(() => void this.send(), wait);
  }

  private report(change: Partial<InferStatus>): void {
    this.status = { ...this.status, ...change };
    this.options.onStatus(this.status);
  }
}

class Refused extends Error {}
