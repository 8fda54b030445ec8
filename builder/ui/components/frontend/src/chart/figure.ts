/** From curves and the person's choices to a Plotly figure. */

import { smoothed, thinned, type Curves, type Point, type XY } from "./series";
import { metricWords } from "./words";

export interface Choices {
  readonly scope: "step" | "epoch";
  readonly isLog: boolean;
  readonly smoothing: number;
}

export interface Theme {
  readonly text: string;
  readonly line: string;
  readonly back: string;
  readonly font: string;
  readonly training: string;
  readonly validation: string;
}

const BUCKETS = 400;

export function traces(curves: Curves, name: string, { scope, smoothing }: Choices, theme: Theme): object[] {
  const epochs = curves.points("epoch", name);
  const validation = curves.points("epoch", `val_${name}`);
  const drawn: object[] = [];
  if (scope === "step") drawn.push(...stepTraces(curves.points("step", name), smoothing, theme.training));
  // A thin line leads through each epoch's marker; per step, the steps themselves are the line.
  const mode = scope === "step" ? "markers" : "lines+markers";
  const marker = { size: 6, color: theme.training };
  if (epochs.length > 0)
    drawn.push({ ...xy(epochs, scope), name: "training, epoch", mode, marker, line: { width: 2, color: theme.training } });
  if (validation.length > 0) {
    const look = { marker: { size: 6, color: theme.validation }, line: { width: 2.2, color: theme.validation } };
    drawn.push({ ...xy(validation, scope), name: "validation", mode: "lines+markers", ...look });
  }
  const best = curves.bestEpoch();
  const starred = (validation.length > 0 ? validation : epochs).find((point) => point.step === best?.step);
  if (starred && epochs.length > 1) {
    const look = { symbol: "star", size: 14, color: validation.length > 0 ? theme.validation : theme.training, line: { width: 1.5, color: theme.back } };
    drawn.push({ ...xy([starred], scope), name: "best epoch", mode: "markers", marker: look });
  }
  return drawn.map((trace) => ({ type: "scatter", hovertemplate: "%{y:.4~g}", ...trace }));
}

function stepTraces(points: readonly Point[], smoothing: number, color: string): object[] {
  const all = xy(points, "step");
  const raw = { ...thinned(all, BUCKETS), name: "training, step", mode: "lines" };
  if (smoothing === 0) return [{ ...raw, line: { width: 1.2, color } }];
  const smooth = thinned({ x: all.x, y: smoothed(all.y, smoothing) }, BUCKETS);
  return [
    { ...raw, line: { width: 1, color }, opacity: 0.28, hoverinfo: "skip", hovertemplate: undefined, showlegend: false },
    { ...smooth, name: "training, step", mode: "lines", line: { width: 1.7, color } },
  ];
}

function xy(points: readonly Point[], scope: "step" | "epoch"): XY {
  return { x: points.map((point) => point[scope]), y: points.map((point) => point.value) };
}

export function layout(name: string, { scope, isLog }: Choices, theme: Theme): object {
  const axis = { gridcolor: theme.line, zeroline: false, linecolor: theme.line, tickcolor: theme.line, automargin: true };
  return {
    title: { text: metricWords(name), x: 0, xanchor: "left", xref: "paper", font: { size: 15, weight: 600 } },
    font: { family: theme.font, size: 13, color: theme.text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 52, r: 14, t: 44, b: 44 },
    // Constant for the same axes: a person's zoom outlives every new point.
    uirevision: "kept",
    xaxis: { ...axis, title: { text: scope, standoff: 8 }, uirevision: scope, ...(scope === "epoch" ? { tickformat: "d" } : {}) },
    yaxis: { ...axis, type: isLog ? "log" : "linear", uirevision: String(isLog) },
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom", font: { size: 12 } },
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme.back, bordercolor: theme.line, font: { color: theme.text, size: 13 } },
    dragmode: "zoom",
    autosize: true,
  };
}

export const CONFIG = {
  displaylogo: false,
  responsive: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
};
