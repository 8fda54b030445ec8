/** Lining blocks up and spreading them evenly. */

import type { GraphDocument } from "../wire";
import type { Positions } from "./document";
import type { Sizes } from "./layout";
import { NODE_HEIGHT, NODE_WIDTH } from "./place";

export type Alignment = "left" | "centre" | "right" | "top" | "middle" | "bottom";
export type Direction = "across" | "down";

interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placed(document: GraphDocument, ids: readonly string[], sizes: Sizes): Placed[] {
  const chosen = new Set(ids);
  return document.nodes
    .filter((node) => chosen.has(node.id))
    .map(({ id, position: [x, y] }) => ({ id, x, y, width: sizes[id]?.width ?? NODE_WIDTH, height: sizes[id]?.height ?? NODE_HEIGHT }));
}

export function aligned(document: GraphDocument, ids: readonly string[], by: Alignment, sizes: Sizes = {}): Positions {
  const items = placed(document, ids, sizes);
  const [left, top] = [Math.min(...items.map(({ x }) => x)), Math.min(...items.map(({ y }) => y))];
  const right = Math.max(...items.map(({ x, width }) => x + width));
  const bottom = Math.max(...items.map(({ y, height }) => y + height));
  const place: Record<Alignment, (item: Placed) => readonly [number, number]> = {
    left: ({ y }) => [left, y],
    centre: ({ y, width }) => [(left + right - width) / 2, y],
    right: ({ y, width }) => [right - width, y],
    top: ({ x }) => [x, top],
    middle: ({ x, height }) => [x, (top + bottom - height) / 2],
    bottom: ({ x, height }) => [x, bottom - height],
  };
  return Object.fromEntries(items.map((item) => [item.id, place[by](item)]));
}

/** Leave the outermost blocks where they are and make the gaps between all of them equal. */
export function distributed(document: GraphDocument, ids: readonly string[], along: Direction, sizes: Sizes = {}): Positions {
  const [start, size] = along === "across" ? (["x", "width"] as const) : (["y", "height"] as const);
  const items = placed(document, ids, sizes).sort((one, other) => one[start] - other[start]);
  const [first, last] = [items[0], items.at(-1)];
  if (!first || !last || items.length < 3) return {};
  const covered = items.reduce((sum, item) => sum + item[size], 0);
  const gap = (last[start] + last[size] - first[start] - covered) / (items.length - 1);
  let next = first[start];
  return Object.fromEntries(
    items.map((item) => {
      const at = next;
      next += item[size] + gap;
      return [item.id, along === "across" ? ([at, item.y] as const) : ([item.x, at] as const)];
    }),
  );
}
