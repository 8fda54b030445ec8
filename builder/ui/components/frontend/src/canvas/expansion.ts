/** Where the layers of a composite stand in its diagram: each one row below the last that it reads. */

import type { ExpandedLayer } from "../wire";

export const BOX = { width: 84, height: 18 };
const GAP = { across: 10, down: 16 };
const MARGIN = 4;
/** How far beside the boxes a connection goes that passes by other rows. */
const LANE = 7;
const LANES = 3;

type Point = readonly [number, number];

export interface PlacedBox {
  readonly name: string;
  readonly label: string;
  /** Whether it is an input of the block, and no layer. */
  readonly isPort: boolean;
  readonly at: Point;
}

export interface PlacedLine {
  readonly from: Point;
  readonly to: Point;
  /** Where a connection that passes by other rows goes down, beside the boxes. */
  readonly lane?: number;
}

export interface Placement {
  readonly boxes: readonly PlacedBox[];
  readonly lines: readonly PlacedLine[];
  readonly width: number;
  readonly height: number;
}

export function placed(layers: readonly ExpandedLayer[]): Placement {
  const rows = rowsOf(layers);
  const widest = Math.max(...rows.map((row) => row.length));
  const width = widest * (BOX.width + GAP.across) - GAP.across + 2 * MARGIN;
  const labels = new Map(layers.map(({ name, layer }) => [name, layer]));
  const boxes = rows.flatMap((row, down) =>
    row.map((name, across): PlacedBox => {
      const start = (width - row.length * (BOX.width + GAP.across) + GAP.across) / 2;
      const at: Point = [start + across * (BOX.width + GAP.across), MARGIN + down * (BOX.height + GAP.down)];
      return { name, label: labels.get(name) ?? name, isPort: !labels.has(name), at };
    }),
  );
  const places = new Map(boxes.map(({ name, at }) => [name, at]));
  let passing = 0;
  const lines = layers.flatMap(({ name, inputs }) =>
    inputs.flatMap((source): PlacedLine[] => {
      const [above, below] = [places.get(source), places.get(name)];
      if (!above || !below) return [];
      const line: PlacedLine = { from: [above[0] + BOX.width / 2, above[1] + BOX.height], to: [below[0] + BOX.width / 2, below[1]] };
      const passes = below[1] - above[1] > BOX.height + GAP.down;
      return [passes ? { ...line, lane: width + LANE * ((passing++ % LANES) + 0.5) } : line];
    }),
  );
  return { boxes, lines, width: width + (passing ? LANE * Math.min(passing, LANES) : 0), height: rows.length * (BOX.height + GAP.down) - GAP.down + 2 * MARGIN };
}

/** The names of each row: the block's inputs first, then each layer below all that it reads. */
function rowsOf(layers: readonly ExpandedLayer[]): string[][] {
  const depths = new Map<string, number>();
  const known = new Set(layers.map(({ name }) => name));
  for (const { inputs } of layers) for (const source of inputs) if (!known.has(source)) depths.set(source, 0);
  for (const { name, inputs } of layers) {
    // A layer that is called again, further down, keeps the row of its first call.
    const above = inputs.flatMap((source) => depths.get(source) ?? []);
    depths.set(name, 1 + Math.max(-1, ...above));
  }
  const rows: string[][] = [];
  for (const [name, depth] of depths) (rows[depth] ??= []).push(name);
  return rows.filter((row) => row !== undefined);
}
