/** From curves and the person's choices to a Plotly figure. */

import { COMPANIONS, smoothed, thinned, type Curves, type Point, type XY } from "./series";
import { metricWords } from "./words";

export interface Choices {
  readonly scope: "step" | "epoch";
  readonly isLog: boolean;
  readonly smoothing: number;
  /** Names of lines that the person has switched off. */
  readonly hidden: ReadonlySet<string>;
}

/** What a line stands for; both charts and the legend that they share use these names. */
export const TRAINING_STEP = "training, step";
export const TRAINING_EPOCH = "training, epoch";
export const VALIDATION = "validation";
export const BEST = "best epoch";

/** What the legend tells of one line. */
export interface LegendItem {
  readonly name: string;
  readonly colour: string;
  readonly sign: "line" | "dots" | "both" | "star";
}

export interface Theme {
  readonly text: string;
  readonly line: string;
  readonly back: string;
  readonly font: string;
  readonly training: string;
  readonly validation: string;
  readonly companion: string;
}

const BUCKETS = 400;
const FEW_EPOCHS = 12;

/** The lines that the charts draw, in the legend's order. */
export function legendItems(curves: Curves, { scope }: Choices, theme: Theme): LegendItem[] {
  const has = (points: readonly Point[]) => points.length > 0;
  const [isStepwise, epochs] = [scope === "step", curves.points("epoch", "loss")];
  const distance = curves.points("epoch", "val_frechet_distance");
  const validation = distance.length > 0 ? distance : curves.points("epoch", "val_loss");
  const items: (LegendItem | false)[] = [
    isStepwise && has(curves.points("step", "loss")) && { name: TRAINING_STEP, colour: theme.training, sign: "line" },
    has(epochs) && { name: TRAINING_EPOCH, colour: theme.training, sign: isStepwise ? "dots" : "both" },
    has(validation) && { name: VALIDATION, colour: theme.validation, sign: "both" },
    epochs.length > 1 && { name: BEST, colour: has(validation) ? theme.validation : theme.training, sign: "star" },
    ...Object.values(COMPANIONS).map((name) => companionItem(curves, name, scope, theme)),
  ];
  return items.filter((item) => item !== false);
}

function companionItem(curves: Curves, name: string, scope: Choices["scope"], theme: Theme): LegendItem | false {
  const isThere = curves.points(scope, name).length > 0;
  return isThere && { name: metricWords(name), colour: theme.companion, sign: scope === "step" ? "line" : "both" };
}

/** A line as Plotly takes it: what else it has is its look. */
interface Line extends XY {
  readonly name: string;
  readonly [look: string]: unknown;
}

export interface Trace extends Line {
  readonly visible: boolean;
}

export function traces(curves: Curves, name: string, { scope, smoothing, hidden }: Choices, theme: Theme): Trace[] {
  const epochs = curves.points("epoch", name);
  const validation = curves.points("epoch", `val_${name}`);
  const drawn: Line[] = companionTraces(curves, name, { scope, smoothing }, theme);
  if (scope === "step") drawn.push(...stepTraces(curves.points("step", name), smoothing, theme.training));
  // A thin line leads through each epoch's marker; per step, the steps themselves are the line.
  const mode = scope === "step" ? "markers" : "lines+markers";
  const marker = { size: 6, color: theme.training };
  if (epochs.length > 0)
    drawn.push({ ...xy(epochs, scope), name: TRAINING_EPOCH, mode, marker, line: { width: 2, color: theme.training } });
  if (validation.length > 0) {
    const look = { marker: { size: 6, color: theme.validation }, line: { width: 2.2, color: theme.validation } };
    drawn.push({ ...xy(validation, scope), name: VALIDATION, mode: "lines+markers", ...look });
  }
  const best = curves.bestEpoch();
  const measured = validation.length > 0 ? validation : epochs;
  const starred = measured.find((point) => point.step === best?.step);
  if (starred && measured.length > 1) {
    const look = { symbol: "star", size: 14, color: validation.length > 0 ? theme.validation : theme.training, line: { width: 1.5, color: theme.back } };
    drawn.push({ ...xy([starred], scope), name: BEST, mode: "markers", marker: look });
  }
  return drawn.map((trace) => ({ type: "scatter", hovertemplate: "%{y:,.5~r}", visible: !hidden.has(trace.name), ...trace }));
}

function companionTraces(curves: Curves, of: string, choices: Pick<Choices, "scope" | "smoothing">, theme: Theme): Line[] {
  const companion = COMPANIONS[of];
  const points = companion === undefined ? [] : curves.points(choices.scope, companion);
  if (companion === undefined || points.length === 0) return [];
  const name = metricWords(companion);
  if (choices.scope === "step") return stepTraces(points, choices.smoothing, theme.companion, name);
  const look = { marker: { size: 6, color: theme.companion }, line: { width: 2, color: theme.companion } };
  return [{ ...xy(points, "epoch"), name, mode: "lines+markers", ...look }];
}

function stepTraces(points: readonly Point[], smoothing: number, color: string, name = TRAINING_STEP): Line[] {
  const all = xy(points, "step");
  const raw = { ...thinned(all, BUCKETS), name, mode: "lines" };
  if (smoothing === 0) return [{ ...raw, line: { width: 1.2, color } }];
  const smooth = thinned({ x: all.x, y: smoothed(all.y, smoothing) }, BUCKETS);
  return [
    { ...raw, line: { width: 1, color }, opacity: 0.28, hoverinfo: "skip", hovertemplate: undefined },
    { ...smooth, name, mode: "lines", line: { width: 1.7, color } },
  ];
}

function xy(points: readonly Point[], scope: "step" | "epoch"): XY {
  return { x: points.map((point) => point[scope]), y: points.map((point) => point.value) };
}

/** What a chart shows, in words. */
export function titleOf(curves: Curves, name: string): string {
  const companion = COMPANIONS[name];
  const isThere = companion !== undefined && curves.points("step", companion).length + curves.points("epoch", companion).length > 0;
  return isThere ? `${metricWords(name)} and ${metricWords(companion).toLowerCase()}` : metricWords(name);
}

/** Whether a chart's values can be drawn on the log scale that is wanted, and what of them cannot, in words. */
export function scaleOf(title: string, drawn: readonly Trace[], isLog: boolean): { readonly isLog: boolean; readonly note: string | null } {
  const values = drawn.filter((trace) => trace.visible).flatMap((trace) => trace.y).filter(Number.isFinite);
  if (!isLog || values.every((value) => value > 0)) return { isLog, note: null };
  if (values.some((value) => value > 0))
    return { isLog, note: `${title}: values at zero and below are left out, because a log scale has no place for them.` };
  return { isLog: false, note: `${title} is never above zero, and a log scale has no place for zero and below: this chart stays linear.` };
}

export function layout(title: string, { scope, isLog }: Choices, theme: Theme, epochs: number): object {
  // Plotly would mark the halves between a few epochs.
  const whole = { tickformat: "d", ...(epochs <= FEW_EPOCHS ? { dtick: 1 } : {}) };
  const axis = { gridcolor: theme.line, zeroline: false, linecolor: theme.line, tickcolor: theme.line, spikecolor: theme.line, spikethickness: 1, automargin: true };
  return {
    title: { text: title, x: 0, xanchor: "left", xref: "paper", font: { size: 15, weight: 600 } },
    font: { family: theme.font, size: 13, color: theme.text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 52, r: 14, t: 40, b: 44 },
    // Constant for the same axes: a person's zoom outlives every new point, but is none of another metric's.
    uirevision: "kept",
    xaxis: { ...axis, title: { text: scope, standoff: 8 }, uirevision: scope, ...(scope === "epoch" ? whole : {}) },
    yaxis: { ...axis, type: isLog ? "log" : "linear", uirevision: `${title} ${isLog}` },
    // Two charts share one legend above them, which has room there whatever the charts' width.
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme.back, bordercolor: theme.line, font: { color: theme.text, size: 13 } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.line, activecolor: theme.text },
    dragmode: "zoom",
    autosize: true,
  };
}

export const CONFIG = {
  displaylogo: false,
  responsive: false,
  // So few that they leave the title alone; dragging zooms and a double click resets without them.
  modeBarButtons: [["toImage", "resetScale2d"]],
};
