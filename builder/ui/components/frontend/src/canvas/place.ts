/** Where new blocks go, and the edits that put them there. */

import type { BlockDeclaration, Edit, GraphDocument, GraphEdge, GraphNode } from "../wire";
import { connecting, takes, type Model } from "./connect";
import { descendants, idsOf, stemOf, unusedId, type Positions } from "./document";

export const NODE_WIDTH = 210;
export const NODE_HEIGHT = 86;
export const STEP = 130;
export const GRID = 10;

export interface Change {
  readonly edits: readonly Edit[];
  readonly positions?: Positions;
  readonly select: readonly string[];
}

type Point = readonly [number, number];

/** Add a block at a free place at or below `at`. */
export function adding(model: Model, block: BlockDeclaration, at: Point): Change {
  const node = newNode(model.document, block, freePlace(model.document, at));
  return { edits: [{ op: "add_node", node }], select: [node.id] };
}

/** Add a block below `after` and connect it if it fits; where `after` has one reader, between the two. */
export function addingAfter(model: Model, block: BlockDeclaration, after: string): Change {
  const before = model.document.nodes.find((node) => node.id === after);
  const ports = fittingPorts(model, block, after);
  if (!before || ports.length === 0) return adding(model, block, before ? below(before) : [0, 0]);
  const readers = model.document.edges.filter((edge) => edge.source === after);
  const only = readers.length === 1 ? readers[0] : undefined;
  if (only && block.outputs.length > 0) return insertingOn(model, block, only);
  const node = newNode(model.document, block, freePlace(model.document, below(before)));
  const links = ports.map((port) => linking(after, node.id, port));
  return { edits: [{ op: "add_node", node }, ...links], select: [node.id] };
}

/** Put a new block onto an edge; what follows moves down where there is no room. */
export function insertingOn(model: Model, block: BlockDeclaration, edge: GraphEdge, at?: Point): Change {
  const ports = fittingPorts(model, block, edge.source);
  const source = model.document.nodes.find((node) => node.id === edge.source);
  if (ports.length === 0 || !source) return adding(model, block, at ?? [0, 0]);
  const node = newNode(model.document, block, at ? aligned(at, source) : below(source));
  return {
    edits: [{ op: "add_node", node }, ...threading(node.id, ports, edge)],
    positions: roomFor(model.document, node, edge.target),
    select: [node.id],
  };
}

/** Put a block that is there already, and has no connection on the way, onto an edge. */
export function threadingExisting(model: Model, id: string, edge: GraphEdge): readonly Edit[] | null {
  const node = model.document.nodes.find((candidate) => candidate.id === id);
  const block = node && model.catalogue.get(node.kind);
  const ports = block ? fittingPorts(model, block, edge.source) : [];
  const isLoose = !model.document.edges.some((other) => other.source === id || other.target === id);
  return ports.length > 0 && isLoose ? threading(id, ports, edge) : null;
}

/** The ports that a wire from `source` feeds: all of them, so that attention attends to its own input. */
function fittingPorts(model: Model, block: BlockDeclaration, source: string): string[] {
  return block.inputs.filter((input) => takes(input, model.facts[source]?.flow)).map((input) => input.name);
}

function threading(id: string, ports: readonly string[], edge: GraphEdge): Edit[] {
  const { source, source_port } = edge;
  return [
    { op: "remove_edge", edge },
    ...ports.map((port) => ({ op: "add_edge", edge: { source, source_port, target: id, target_port: port } }) as const),
    { op: "add_edge", edge: { source: id, source_port: "output", target: edge.target, target_port: edge.target_port } },
  ];
}

/** Remove blocks and edges; a gap that one removed block leaves in a chain is closed. */
export function removing(model: Model, ids: readonly string[], edges: readonly GraphEdge[]): Edit[] {
  const edits: Edit[] = edges.map((edge) => ({ op: "remove_edge", edge }));
  for (const id of ids) edits.push({ op: "remove_node", id });
  const [only] = ids;
  if (ids.length !== 1 || only === undefined || edges.length > 0) return edits;
  const incoming = model.document.edges.filter((edge) => edge.target === only);
  const outgoing = model.document.edges.filter((edge) => edge.source === only);
  const [from] = incoming;
  if (incoming.length !== 1 || from === undefined) return edits;
  for (const edge of outgoing) {
    const target = model.document.nodes.find((node) => node.id === edge.target);
    const port = target && model.catalogue.get(target.kind)?.inputs.find((input) => input.name === edge.target_port);
    const bridged = { ...edge, source: from.source, source_port: from.source_port };
    if (port && takes(port, model.facts[from.source]?.flow)) edits.push({ op: "add_edge", edge: bridged });
  }
  return edits;
}

export interface Clip {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export function copied(document: GraphDocument, ids: readonly string[]): Clip {
  const chosen = new Set(ids);
  return {
    nodes: document.nodes.filter((node) => chosen.has(node.id)),
    edges: document.edges.filter((edge) => chosen.has(edge.source) && chosen.has(edge.target)),
  };
}

/** Add the clip's blocks under new ids, with the connections among them, shifted by `offset`. */
export function pasting(document: GraphDocument, clip: Clip, offset: Point): Change {
  const taken = idsOf(document);
  const names = new Map<string, string>();
  for (const { id } of clip.nodes) {
    const name = unusedId(taken, id.replace(/_\d+$/, "") || id);
    names.set(id, name);
    taken.add(name);
  }
  const nodes = clip.nodes.map((node) => ({
    ...node,
    id: names.get(node.id) as string,
    position: [node.position[0] + offset[0], node.position[1] + offset[1]] as const,
  }));
  const edges = clip.edges.map((edge) => ({
    ...edge,
    source: names.get(edge.source) as string,
    target: names.get(edge.target) as string,
  }));
  return {
    edits: [
      ...nodes.map((node) => ({ op: "add_node", node }) as const),
      ...edges.map((edge) => ({ op: "add_edge", edge }) as const),
    ],
    select: nodes.map((node) => node.id),
  };
}

function linking(source: string, target: string, port: string): Edit {
  return { op: "add_edge", edge: { source, source_port: "output", target, target_port: port } };
}

/** The fixed end of a wire: the block, its port, and whether that is the output it starts from. */
export interface Wire {
  readonly id: string;
  readonly port: string;
  readonly from: "source" | "target";
}

/** Add a block at the loose end of a wire, and connect it. */
export function addingAtWire(model: Model, block: BlockDeclaration, at: Point, wire: Wire): Change {
  const node = newNode(model.document, block, at);
  const add: Edit = { op: "add_node", node };
  if (wire.from === "source") {
    const links = fittingPorts(model, block, wire.id).map((port) => linking(wire.id, node.id, port));
    return { edits: [add, ...links], select: [node.id] };
  }
  const connection = { source: node.id, sourcePort: "output", target: wire.id, targetPort: wire.port };
  return { edits: [add, ...connecting(model, connection)], select: [node.id] };
}

function newNode(document: GraphDocument, block: BlockDeclaration, position: Point): GraphNode {
  const place = [snapped(position[0]), snapped(position[1])] as const;
  return { id: unusedId(idsOf(document), stemOf(block.kind)), kind: block.kind, parameters: {}, position: place };
}

const snapped = (value: number) => Math.round(value / GRID) * GRID;

/** Where a block that is dropped close to its source would cover it, the place below the source. */
function aligned(at: Point, source: GraphNode): Point {
  const [x, y] = below(source);
  return Math.abs(at[0] - x) < NODE_WIDTH ? [Math.abs(at[0] - x) < NODE_WIDTH / 4 ? x : at[0], Math.max(at[1], y)] : at;
}

const below = (node: GraphNode): Point => [node.position[0], node.position[1] + STEP];

function freePlace(document: GraphDocument, at: Point): Point {
  const overlaps = ([x, y]: Point) =>
    document.nodes.some(
      ({ position }) => Math.abs(position[0] - x) < NODE_WIDTH + GRID && Math.abs(position[1] - y) < NODE_HEIGHT + GRID,
    );
  let place = at;
  while (overlaps(place)) place = [place[0] + NODE_WIDTH + 2 * GRID, place[1]];
  return place;
}

function roomFor(document: GraphDocument, node: GraphNode, next: string): Positions {
  const follower = document.nodes.find((candidate) => candidate.id === next);
  const missing = follower ? node.position[1] + STEP - follower.position[1] : 0;
  if (!follower || missing <= 0 || missing > 3 * STEP) return {};
  const moving = new Set([next, ...descendants(document, next)]);
  const shifted = document.nodes.filter(({ id, position }) => moving.has(id) && position[1] >= follower.position[1]);
  return Object.fromEntries(shifted.map(({ id, position }) => [id, [position[0], position[1] + missing] as const]));
}
