/** Tidy places for all blocks, from top to bottom. */

import { Graph, layout } from "@dagrejs/dagre";
import type { GraphDocument } from "../wire";
import type { Positions } from "./document";
import { GRID, NODE_HEIGHT, NODE_WIDTH, STEP } from "./place";

export type Sizes = Readonly<Record<string, { readonly width: number; readonly height: number }>>;

export function tidy(document: GraphDocument, sizes: Sizes = {}): Positions {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 40, ranksep: STEP - NODE_HEIGHT });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of document.nodes)
    graph.setNode(id, { width: sizes[id]?.width ?? NODE_WIDTH, height: sizes[id]?.height ?? NODE_HEIGHT });
  const ids = new Set(document.nodes.map((node) => node.id));
  for (const { source, target } of document.edges)
    if (ids.has(source) && ids.has(target)) graph.setEdge(source, target);
  layout(graph);
  const snapped = (value: number) => Math.round(value / GRID) * GRID;
  return Object.fromEntries(
    document.nodes.map(({ id }) => {
      const { x, y, width, height } = graph.node(id) as { x: number; y: number; width: number; height: number };
      return [id, [snapped(x - width / 2), snapped(y - height / 2)] as const];
    }),
  );
}
