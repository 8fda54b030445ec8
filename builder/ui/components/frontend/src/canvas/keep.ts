/** Hands the document up to Python: not on every keystroke, and never too late. */

import type { CanvasState } from "../wire";

const DEBOUNCE_MS = 400;

export class Keeper {
  private waiting: CanvasState | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(public send: (state: CanvasState) => void) {}

  keep(state: CanvasState): void {
    this.waiting = state;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), DEBOUNCE_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    if (this.waiting) this.send(this.waiting);
    this.waiting = null;
  }

  /** Forget what waits: Python has sent a newer document. */
  drop(): void {
    clearTimeout(this.timer);
    this.waiting = null;
  }
}
