import { describe, expect, it } from "vitest";
import { layout, legendItems, scaleOf, traces, type Choices, type Theme } from "../src/chart/figure";
import { Curves, smoothed, thinned } from "../src/chart/series";
import { durationWords, metricWords, valueWords } from "../src/chart/words";
import type { MetricRow } from "../src/wire";

const step = (number: number, value: number): MetricRow => ["step", number, 1, "loss", value];

describe("curves", () => {
  it("are continued, and overwritten where a resumed run repeats steps", () => {
    const curves = new Curves();
    curves.add([step(1, 3), step(2, 2), step(3, 1)]);
    curves.add([step(2, 2.5), step(3, 1.5)]);
    expect(curves.points("step", "loss").map((point) => point.value)).toEqual([3, 2.5, 1.5]);
  });

  it("name the best epoch by the validation loss, and the metrics beside the loss", () => {
    const curves = new Curves();
    curves.add([
      ["epoch", 10, 1, "val_loss", 0.5],
      ["epoch", 20, 2, "val_loss", 0.3],
      ["epoch", 30, 3, "val_loss", null],
      ["epoch", 30, 3, "loss", 0.1],
      ["epoch", 30, 3, "val_accuracy", 0.9],
      ["epoch", 30, 3, "accuracy", 0.9],
      ["epoch", 30, 3, "learning_rate", 0.001],
    ]);
    expect(curves.bestEpoch()?.epoch).toBe(2);
    expect(curves.metrics()).toEqual(["accuracy"]);
    expect(curves.latest("learning_rate")).toBe(0.001);
  });
});

describe("the figure", () => {
  const theme: Theme = { text: "#111111", line: "#dddddd", back: "#ffffff", font: "sans", training: "#0f766e", validation: "#c2703d", companion: "#7a5ea8" };
  const choices: Choices = { scope: "step", isLog: false, smoothing: 0.6, hidden: new Set() };
  const curves = new Curves();
  curves.add([step(1, 3), ["epoch", 10, 1, "loss", 90_131.4], ["epoch", 10, 1, "val_loss", 95_000]]);

  it("names every line once, in a legend beside the charts", () => {
    const drawn = traces(curves, "loss", choices, theme) as { name: string }[];
    const names = legendItems(curves, choices, theme).map((item) => item.name);
    expect([...new Set(drawn.map((trace) => trace.name))]).toEqual(names);
    expect(layout("loss", choices, theme, 1)).toMatchObject({ showlegend: false });
    const perEpoch = { ...choices, scope: "epoch" as const };
    expect(legendItems(curves, perEpoch, theme).map((item) => item.name)).toEqual(["training, epoch", "validation"]);
  });

  it("draws the two sides of an adversarial training in one chart, and its best epoch by the distance", () => {
    const both = new Curves();
    both.add([
      ["epoch", 10, 1, "loss", 1],
      ["epoch", 10, 1, "discriminator_loss", 2],
      ["epoch", 10, 1, "val_frechet_distance", 9],
      ["epoch", 20, 2, "loss", 3],
      ["epoch", 20, 2, "discriminator_loss", 1],
      ["epoch", 20, 2, "val_frechet_distance", 4],
    ]);
    const perEpoch = { ...choices, scope: "epoch" as const };
    const names = (traces(both, "loss", perEpoch, theme) as { name: string }[]).map((trace) => trace.name);
    expect(names).toContain("Discriminator loss");
    expect(both.metrics()).toEqual(["frechet_distance"]);
    expect(both.bestEpoch()?.epoch).toBe(2);
    const distance = traces(both, "frechet_distance", perEpoch, theme) as { name: string }[];
    expect(distance.map((trace) => trace.name)).toEqual(["validation", "best epoch"]);
  });

  it("leaves out what the person has switched off", () => {
    const drawn = traces(curves, "loss", { ...choices, hidden: new Set(["training, step"]) }, theme);
    expect((drawn as { visible: boolean }[]).map((trace) => trace.visible)).toEqual([false, false, true, true]);
  });

  it("says what a log scale cannot show, and stays linear where that is everything", () => {
    const drawn = (...values: number[]) => {
      const measured = new Curves();
      measured.add(values.map((value, index) => step(index + 1, value)));
      return traces(measured, "loss", choices, theme);
    };
    expect(scaleOf("Loss", drawn(3, 2, 1), true)).toEqual({ isLog: true, note: null });
    expect(scaleOf("Loss", drawn(), true)).toEqual({ isLog: true, note: null });
    expect(scaleOf("Loss", drawn(-1, -2, 0), true)).toEqual({
      isLog: false,
      note: "Loss is never above zero, and a log scale has no place for zero and below: this chart stays linear.",
    });
    expect(scaleOf("Loss", drawn(3, -2, NaN), true)).toEqual({
      isLog: true,
      note: "Loss: values at zero and below are left out, because a log scale has no place for them.",
    });
    expect(scaleOf("Loss", drawn(-1, -2), false)).toEqual({ isLog: false, note: null });
  });

  it("judges a log scale by the lines that are shown", () => {
    const both = new Curves();
    both.add([
      ["epoch", 10, 1, "loss", -1],
      ["epoch", 10, 1, "val_loss", 2],
    ]);
    const shown = (...hidden: string[]) => scaleOf("Loss", traces(both, "loss", { ...choices, hidden: new Set(hidden) }, theme), true);
    expect(shown("validation").isLog).toBe(false);
    expect(shown("training, epoch")).toEqual({ isLog: true, note: null });
  });

  it("shows another metric whole, whatever was zoomed into before", () => {
    const zoom = (title: string) => (layout(title, choices, theme, 1) as { yaxis: { uirevision: string } }).yaxis.uirevision;
    expect(zoom("Accuracy")).not.toBe(zoom("Mean absolute error"));
    expect(zoom("Accuracy")).toBe(zoom("Accuracy"));
  });

  it("tells large numbers in full and marks whole epochs only", () => {
    expect(traces(curves, "loss", choices, theme)[2]).toMatchObject({ hovertemplate: "%{y:,.5~r}" });
    expect(layout("loss", { ...choices, scope: "epoch" }, theme, 1)).toMatchObject({ xaxis: { dtick: 1 } });
    expect(layout("loss", { ...choices, scope: "epoch" }, theme, 50)).not.toMatchObject({ xaxis: { dtick: 1 } });
  });
});

describe("thinning", () => {
  it("keeps every peak and stays small", () => {
    const x = Array.from({ length: 100_000 }, (_, index) => index);
    const y = x.map((index) => (index === 54_321 ? 100 : Math.sin(index)));
    const thin = thinned({ x, y }, 400);
    expect(thin.x.length).toBeLessThanOrEqual(800);
    expect(thin.y).toContain(100);
    expect([...thin.x]).toEqual([...thin.x].sort((one, other) => one - other));
  });

  it("leaves a short curve as it is", () => {
    expect(thinned({ x: [1, 2], y: [3, 4] }, 400)).toEqual({ x: [1, 2], y: [3, 4] });
  });
});

describe("smoothing", () => {
  it("leaves a constant curve as it is, from its first point on", () => {
    for (const value of smoothed([2, 2, 2], 0.9)) expect(value).toBeCloseTo(2, 12);
  });

  it("passes over gaps", () => {
    expect(smoothed([1, NaN, 1], 0.5)[2]).toBeCloseTo(1, 12);
  });
});

describe("words", () => {
  it("tell durations, names and values", () => {
    expect([5, 95, 3700, 100_000].map(durationWords)).toEqual(["5 s", "1 min 35 s", "1 h 1 min", "1 d 3 h"]);
    expect(metricWords("mean_absolute_error")).toBe("Mean absolute error");
    expect([0.001, 0.00025, 12345].map(valueWords)).toEqual(["0.001", "2.5e-4", "12,345"]);
  });
});
