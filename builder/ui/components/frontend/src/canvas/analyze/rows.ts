/** The table of blocks: its columns, its order, and each block's share of the whole. */

import { byteWords, countWords, shapeWords } from "../words";
import type { BlockFigures, Shape } from "./answer";

export type Measure = "parameters" | "flops" | "activation_bytes";
export type Column = "id" | "shape" | "trainable" | Measure;

export interface Order {
  readonly column: Column;
  readonly isFalling: boolean;
}

export const MEASURES: readonly Measure[] = ["parameters", "flops", "activation_bytes"];

export const TITLES: Readonly<Record<Column, string>> = {
  id: "Block",
  shape: "Output",
  parameters: "Weights",
  trainable: "Trained",
  flops: "FLOPs",
  activation_bytes: "Memory",
};

/** What the columns hold, for people who point at them. */
export const MEANINGS: Readonly<Record<Column, string>> = {
  id: "In the order of the data's flow",
  shape: "The shape that leaves the block, without the batch",
  parameters: "All weights of the block",
  trainable: "The weights that training changes",
  flops: "Floating-point operations for one sample when the model predicts: 2 for each multiply-add",
  activation_bytes: "The memory of what the block's layers give for one sample",
};

export function sorted(blocks: readonly BlockFigures[], { column, isFalling }: Order): BlockFigures[] {
  const place = new Map(blocks.map((block, index) => [block.id, index]));
  const sign = isFalling ? -1 : 1;
  const compare = (one: BlockFigures, other: BlockFigures): number => {
    // A model reads from its input on: the blocks' own order is that of the flow, not of the alphabet.
    if (column === "id") return sign * ((place.get(one.id) ?? 0) - (place.get(other.id) ?? 0));
    return sign * (sizeOf(one, column) - sizeOf(other, column)) || (place.get(one.id) ?? 0) - (place.get(other.id) ?? 0);
  };
  return [...blocks].sort(compare);
}

/** The order after a click on a column: numbers fall first, the flow runs forward first. */
export function reordered(before: Order, column: Column): Order {
  return before.column === column ? { column, isFalling: !before.isFalling } : { column, isFalling: column !== "id" };
}

export function shareOf(block: BlockFigures, measure: Measure, totals: Readonly<Record<Measure, number>>): number {
  return totals[measure] > 0 ? block[measure] / totals[measure] : 0;
}

export function cellWords(block: BlockFigures, column: Column): string {
  if (column === "id") return block.id;
  if (column === "shape") return shapesWords(block.shapes);
  if (column === "activation_bytes") return byteWords(block.activation_bytes);
  return column === "flops" ? operationWords(block.flops) : countWords(block[column]);
}

export function shapesWords(shapes: Readonly<Record<string, Shape>>): string {
  return Object.values(shapes).map(shapeWords).join(" · ");
}

export function operationWords(count: number): string {
  const [unit, size] = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]].find(([, at]) => count >= (at as number)) ?? ["", 1];
  const value = count / (size as number);
  return `${value >= 100 || unit === "" ? Math.round(value) : value.toPrecision(3)}${unit === "" ? "" : ` ${unit}`}`;
}

export function shareWords(share: number): string {
  if (share === 0) return "0 %";
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

export function timeWords(seconds: number): string {
  if (seconds < 0.1) return `${Math.max(1, Math.round(1000 * seconds))} ms`;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function sizeOf(block: BlockFigures, column: Exclude<Column, "id">): number {
  if (column !== "shape") return block[column];
  const shape = Object.values(block.shapes)[0] ?? [];
  return shape.slice(1).reduce<number>((size, part) => size * (part ?? 1), 1);
}
