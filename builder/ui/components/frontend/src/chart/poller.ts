/** Asks for new metrics: quickly while the run works, slowly when it has ended, patiently when nobody answers. */

import { TOKEN_HEADER, type LiveChartData, type MetricsAnswer } from "../wire";
import { ENDED } from "./words";

const QUICK_MS = 250;
const SLOW_MS = 2000;
const FULL_ANSWER = 1000;

interface Options {
  readonly onAnswer: (answer: MetricsAnswer) => void;
  readonly onFailure: (message: string) => void;
  readonly fetch?: typeof fetch;
}

export class Poller {
  private after = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | null = null;

  constructor(
    private readonly source: Pick<LiveChartData, "metricsUrl" | "token">,
    private readonly options: Options,
  ) {}

  start(): void {
    void this.poll();
  }

  close(): void {
    this.request?.abort();
    this.request = null;
    clearTimeout(this.timer);
  }

  private async poll(): Promise<void> {
    const request = new AbortController();
    this.request = request;
    let wait = SLOW_MS;
    try {
      wait = await this.ask(request.signal);
    } catch {
      if (request.signal.aborted) return;
      this.options.onFailure("The studio does not answer, so these curves stand still. The run itself goes on; trying again…");
    }
    if (this.request === request) this.timer = setTimeout(() => void this.poll(), wait);
  }

  private async ask(signal: AbortSignal): Promise<number> {
    const send = this.options.fetch ?? fetch;
    const headers = { [TOKEN_HEADER]: this.source.token };
    const response = await send(`${this.source.metricsUrl}?after=${this.after}`, { headers, signal });
    if (response.status === 401 || response.status === 403) {
      this.options.onFailure("This page is out of date: the studio was restarted. Reload the page to see the newest curves.");
      return SLOW_MS;
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = (await response.json()) as MetricsAnswer;
    if (signal.aborted) return SLOW_MS;
    this.after = answer.next;
    this.options.onAnswer(answer);
    if (answer.rows.length >= FULL_ANSWER) return 0;
    return ENDED.has(answer.run.status) || document.visibilityState === "hidden" ? SLOW_MS : QUICK_MS;
  }
}
