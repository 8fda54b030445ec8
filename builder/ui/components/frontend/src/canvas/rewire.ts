/** Changing many connections at once without disturbing the order in which a port receives them. */

import type { Edit, GraphDocument, GraphEdge } from "../wire";
import { edgeId } from "./document";

/**
 * The edits from the document's connections to `wanted`. A port that takes several tensors receives them in
 * the order of the edges, so where a port's edges change, all of them are drawn again in their order.
 */
export function rewiring(document: GraphDocument, wanted: readonly GraphEdge[]): Edit[] {
  const [before, after] = [byTarget(document.edges), byTarget(wanted)];
  const edits: Edit[] = [];
  for (const port of new Set([...before.keys(), ...after.keys()])) {
    const [old, next] = [before.get(port) ?? [], after.get(port) ?? []];
    if (old.map(edgeId).join() === next.map(edgeId).join()) continue;
    edits.push(...old.map((edge) => ({ op: "remove_edge", edge }) as const));
    edits.push(...next.map((edge) => ({ op: "add_edge", edge }) as const));
  }
  return edits;
}

function byTarget(edges: readonly GraphEdge[]): Map<string, GraphEdge[]> {
  const found = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const port = `${edge.target}:${edge.target_port}`;
    found.set(port, [...(found.get(port) ?? []), edge]);
  }
  return found;
}

/** The edges without repetitions, the first of each kept. */
export function distinct(edges: readonly GraphEdge[]): GraphEdge[] {
  return [...new Map(edges.map((edge) => [edgeId(edge), edge])).values()];
}
