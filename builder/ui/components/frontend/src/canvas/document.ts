/** The graph document as a frozen value, and the edits that Python's `Graph.edited` has too. */

import type { Edit, GraphDocument, GraphEdge, GraphNode } from "../wire";

export class EditError extends Error {}

export const EMPTY: GraphDocument = Object.freeze({ nodes: Object.freeze([]), edges: Object.freeze([]) });

/** Return the document frozen to its leaves. Blocks and edges that are frozen already keep their identity. */
export function freeze(document: GraphDocument): GraphDocument {
  const nodes = document.nodes.map((node) => (Object.isFrozen(node) ? node : frozenNode(node)));
  const edges = document.edges.map((edge) => (Object.isFrozen(edge) ? edge : completeEdge(edge)));
  return Object.freeze({ nodes: Object.freeze(nodes), edges: Object.freeze(edges) });
}

function frozenNode(node: GraphNode): GraphNode {
  const parameters = deepFrozen(node.parameters ?? {});
  return Object.freeze({ ...node, parameters, position: deepFrozen(node.position ?? [0, 0]) });
}

function deepFrozen<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(deepFrozen)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deepFrozen(item)]))) as T;
}

function completeEdge(edge: Partial<GraphEdge> & { source: string; target: string }): GraphEdge {
  return Object.freeze({
    source: edge.source,
    source_port: edge.source_port ?? "output",
    target: edge.target,
    target_port: edge.target_port ?? "input",
  });
}

/** Return the document after the edits. Throws EditError for an id or an operation that does not exist. */
export function edited(document: GraphDocument, edits: readonly Edit[]): GraphDocument {
  return edits.reduce(applied, document);
}

function applied(document: GraphDocument, edit: Edit): GraphDocument {
  switch (edit.op) {
    case "add_node":
      return freeze({ ...document, nodes: [...document.nodes, edit.node] });
    case "remove_node":
      required(document, edit.id);
      return freeze({
        nodes: document.nodes.filter((node) => node.id !== edit.id),
        edges: document.edges.filter((edge) => edge.source !== edit.id && edge.target !== edit.id),
      });
    case "add_edge":
      return freeze({ ...document, edges: [...document.edges, edit.edge] });
    case "remove_edge":
      return freeze({ ...document, edges: document.edges.filter((edge) => edgeId(edge) !== edgeId(edit.edge)) });
    case "set_parameter":
      return withNode(document, edit.id, (node) => ({
        ...node,
        parameters: { ...node.parameters, [edit.name]: edit.value },
      }));
    default:
      throw new EditError(`The change '${(edit as { op: string }).op}' is not known to this canvas.`);
  }
}

function withNode(document: GraphDocument, id: string, change: (node: GraphNode) => GraphNode): GraphDocument {
  required(document, id);
  return freeze({ ...document, nodes: document.nodes.map((node) => (node.id === id ? change(node) : node)) });
}

function required(document: GraphDocument, id: string): void {
  if (!document.nodes.some((node) => node.id === id))
    throw new EditError(`The block '${id}' is no longer in the model, so this change was not made.`);
}

export type Positions = Readonly<Record<string, readonly [number, number]>>;

export function moved(document: GraphDocument, positions: Positions): GraphDocument {
  const nodes = document.nodes.map((node) => {
    const place = positions[node.id];
    return place && (place[0] !== node.position[0] || place[1] !== node.position[1])
      ? { ...node, position: [Math.round(place[0]), Math.round(place[1])] as const }
      : node;
  });
  return nodes.every((node, index) => node === document.nodes[index]) ? document : freeze({ ...document, nodes });
}

export function renamed(document: GraphDocument, id: string, name: string): GraphDocument {
  required(document, id);
  const swap = (word: string) => (word === id ? name : word);
  return freeze({
    nodes: document.nodes.map((node) => (node.id === id ? { ...node, id: name } : node)),
    edges: document.edges.map((edge) =>
      edge.source === id || edge.target === id ? { ...edge, source: swap(edge.source), target: swap(edge.target) } : edge,
    ),
  });
}

/** Whether two documents differ in more than where their blocks stand. */
export function differsInMeaning(before: GraphDocument, after: GraphDocument): boolean {
  if (before === after) return false;
  const meaning = (document: GraphDocument) =>
    JSON.stringify([document.nodes.map(({ id, kind, parameters }) => [id, kind, parameters]), document.edges]);
  return meaning(before) !== meaning(after);
}

export function edgeId(edge: GraphEdge): string {
  return `${edge.source}:${edge.source_port}>${edge.target}:${edge.target_port}`;
}

/** Return `stem`, or `stem_2`, `stem_3` … where that id is taken. */
export function unusedId(taken: ReadonlySet<string>, stem: string): string {
  if (!taken.has(stem)) return stem;
  let number = 2;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}

export function idsOf(document: GraphDocument): Set<string> {
  return new Set(document.nodes.map((node) => node.id));
}

/** A new block's id from its kind ("max_pooling2d.v1" gives "max_pooling2d"). */
export function stemOf(kind: string): string {
  return kind.replace(/\.v\d+$/, "");
}

const NODE_ID = /^[a-z][a-z0-9_]{0,62}$/;

/** Why a block cannot have this name, or null where it can. The sentences are those of builder.graph. */
export function nameFault(document: GraphDocument, id: string, name: string): string | null {
  if (!NODE_ID.test(name))
    return (
      `The block name '${name.slice(0, 70)}' cannot be used. A name starts with a small letter and ` +
      "goes on with at most 62 small letters, digits or underscores."
    );
  if (name !== id && document.nodes.some((node) => node.id === name))
    return `Two blocks are named '${name}'. Rename one of them: every block needs its own name.`;
  return null;
}

/** The ids of everything that reads `id`, directly or further down. */
export function descendants(document: GraphDocument, id: string): Set<string> {
  return reached(document, id, (edge) => [edge.source, edge.target]);
}

/** The ids of everything that `id` reads, directly or further up. */
export function ancestors(document: GraphDocument, id: string): Set<string> {
  return reached(document, id, (edge) => [edge.target, edge.source]);
}

function reached(document: GraphDocument, id: string, step: (edge: GraphEdge) => readonly [string, string]): Set<string> {
  const steps = new Map<string, string[]>();
  for (const [from, to] of document.edges.map(step)) {
    const known = steps.get(from);
    if (known) known.push(to);
    else steps.set(from, [to]);
  }
  const found = new Set<string>();
  const waiting = [id];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const following of steps.get(next) ?? [])
      if (!found.has(following)) {
        found.add(following);
        waiting.push(following);
      }
  return found;
}
