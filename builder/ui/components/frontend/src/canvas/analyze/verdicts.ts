/** The marks that a preflight leaves on the canvas's blocks. */

import type { Mark, Marks } from "../marks";
import type { PreflightResult, Verdict } from "./answer";

export function marksOf(result: PreflightResult | null): Marks {
  const marks = new Map<string, readonly Mark[]>();
  for (const [id, verdict] of Object.entries(result?.blocks ?? {})) {
    const mark = markOf(verdict);
    if (mark) marks.set(id, [mark]);
  }
  return marks;
}

export function markOf({ tflite, int8, words }: Verdict): Mark | null {
  if (tflite === "no") return { tone: "error", title: "not in TFLite", detail: words };
  if (int8 === "no") return { tone: "warning", title: "no int8", detail: words };
  if (int8 === "float") return { tone: "warning", title: "stays float in int8", detail: words };
  return int8 === "partly" ? { tone: "info", title: "partly float in int8", detail: words } : null;
}

/** The blocks that hinder the export, the worst first. */
export function hindering(result: PreflightResult): { id: string; verdict: Verdict; mark: Mark }[] {
  const rank = { error: 0, warning: 1, info: 2, good: 3 };
  return Object.entries(result.blocks)
    .flatMap(([id, verdict]) => {
      const mark = markOf(verdict);
      return mark ? [{ id, verdict, mark }] : [];
    })
    .sort((one, other) => rank[one.mark.tone] - rank[other.mark.tone]);
}
