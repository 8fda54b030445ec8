/** The run's numbers as curves: collecting rows, thinning them for the screen, smoothing. */

import type { MetricRow } from "../wire";

export interface Point {
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

export interface XY {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** What is drawn in the same chart as another quantity: the two sides of an adversarial training. */
export const COMPANIONS: Readonly<Record<string, string>> = { loss: "discriminator_loss", real_score: "fake_score" };

export class Curves {
  private readonly byName = { step: new Map<string, Point[]>(), epoch: new Map<string, Point[]>() };

  /** Add rows in the order in which they were written. A resumed run that repeats a step overwrites it. */
  add(rows: readonly MetricRow[]): void {
    for (const [scope, step, epoch, name, value] of rows) {
      const points = this.byName[scope]?.get(name) ?? [];
      this.byName[scope]?.set(name, points);
      for (let last = points.at(-1); last && last.step >= step; last = points.at(-1)) points.pop();
      points.push({ step, epoch, value: value ?? NaN });
    }
  }

  points(scope: "step" | "epoch", name: string): readonly Point[] {
    return this.byName[scope].get(name) ?? [];
  }

  /** The measured quantities beside the loss, validation and learning rate left out. */
  metrics(): string[] {
    const all = [...this.byName.step.keys(), ...this.byName.epoch.keys()];
    // Some are measured over the validation data alone.
    const names = new Set(all.map((name) => name.replace(/^val_/, "")));
    const beside = new Set(Object.values(COMPANIONS));
    return [...names].filter((name) => name !== "loss" && name !== "learning_rate" && !beside.has(name));
  }

  latest(name: string): number | null {
    const points = [this.points("step", name).at(-1), this.points("epoch", name).at(-1)];
    const [newest] = points.filter((point) => point !== undefined).sort((one, other) => other.step - one.step);
    return newest?.value ?? null;
  }

  /** The epoch with the lowest distance of a generator, validation loss, or training loss without either. */
  bestEpoch(): Point | null {
    const distance = this.points("epoch", "val_frechet_distance");
    const validation = distance.length > 0 ? distance : this.points("epoch", "val_loss");
    const points = validation.length > 0 ? validation : this.points("epoch", "loss");
    return points.reduce<Point | null>((best, point) => (point.value < (best?.value ?? Infinity) ? point : best), null);
  }
}

/** At most `2 * buckets` of the points: the lowest and the highest of each bucket, so that no peak is lost. */
export function thinned({ x, y }: XY, buckets: number): XY {
  if (x.length <= 2 * buckets) return { x, y };
  const kept: { x: number[]; y: number[] } = { x: [], y: [] };
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const [from, to] = [bucket, bucket + 1].map((edge) => Math.floor((edge * x.length) / buckets)) as [number, number];
    let [low, high] = [from, from];
    for (let index = from; index < to; index += 1) {
      if (!((y[index] as number) >= (y[low] as number))) low = index;
      if (!((y[index] as number) <= (y[high] as number))) high = index;
    }
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      kept.x.push(x[index] as number);
      kept.y.push(y[index] as number);
    }
  }
  return kept;
}

/** The exponential moving average, corrected for its start; `weight` in [0, 1) is the share of the past. */
export function smoothed(y: readonly number[], weight: number): number[] {
  let [average, norm] = [0, 0];
  return y.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = weight * average + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return average / norm;
  });
}
