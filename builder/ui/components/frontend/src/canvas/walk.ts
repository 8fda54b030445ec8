/** Walking from block to block with the keyboard, along the connections. */

import type { GraphDocument, GraphNode } from "../wire";
import { folding } from "./groups";

export type Way = "up" | "down" | "left" | "right";

/** The block to go to, of those that no folded group hides: along a connection up or down, to the nearest neighbor on the side, the nearest place otherwise. */
export function neighbour(document: GraphDocument, from: string, way: Way): string | null {
  const nodes = new Map(document.nodes.map((node) => [node.id, node]));
  const here = nodes.get(from);
  const { boxOf } = folding(document);
  const shown = document.nodes.filter((node) => !boxOf.has(node.id));
  if (!here) return shown[0]?.id ?? null;
  const ids =
    way === "down"
      ? document.edges.filter((edge) => edge.source === from).map((edge) => edge.target)
      : way === "up"
        ? document.edges.filter((edge) => edge.target === from).map((edge) => edge.source)
        : [];
  const linked = shown.filter((node) => ids.includes(node.id));
  const candidates = linked.length > 0 ? linked : shown.filter((node) => liesThere(here, node, way));
  return nearest(here, candidates)?.id ?? null;
}

function liesThere(here: GraphNode, there: GraphNode, way: Way): boolean {
  const [dx, dy] = [there.position[0] - here.position[0], there.position[1] - here.position[1]];
  if (way === "left" || way === "right") return (way === "right" ? dx : -dx) > 0 && Math.abs(dx) * 2 >= Math.abs(dy);
  return (way === "down" ? dy : -dy) > 0 && Math.abs(dy) * 2 >= Math.abs(dx);
}

function nearest(here: GraphNode, candidates: readonly GraphNode[]): GraphNode | undefined {
  const far = ({ position }: GraphNode) => Math.hypot(position[0] - here.position[0], position[1] - here.position[1]);
  return candidates.reduce<GraphNode | undefined>((best, node) => (best && far(best) <= far(node) ? best : node), undefined);
}

/** The next or previous block that is shown, in the order in which data flow; null past either end. */
export function nextInOrder(document: GraphDocument, from: string | undefined, step: 1 | -1): string | null {
  const { boxOf } = folding(document);
  const order = inOrder(document).filter((id) => id === from || !boxOf.has(id));
  if (from === undefined) return (step > 0 ? order[0] : order.at(-1)) ?? null;
  return order[order.indexOf(from) + step] ?? null;
}

/** The ids so that each block follows everything it reads; blocks in a circle come last. */
export function inOrder(document: GraphDocument): string[] {
  const waiting = new Map(document.nodes.map((node) => [node.id, 0]));
  const readers = new Map<string, string[]>();
  for (const { source, target } of document.edges) {
    if (!waiting.has(source) || !waiting.has(target)) continue;
    waiting.set(target, (waiting.get(target) ?? 0) + 1);
    readers.set(source, [...(readers.get(source) ?? []), target]);
  }
  const order = document.nodes.map((node) => node.id).filter((id) => waiting.get(id) === 0);
  for (const id of order)
    for (const reader of readers.get(id) ?? []) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) order.push(reader);
    }
  const seen = new Set(order);
  return [...order, ...document.nodes.map((node) => node.id).filter((id) => !seen.has(id))];
}
