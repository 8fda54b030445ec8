/** Where new blocks go, and the edits that put them there. */

import type { BlockDeclaration, Edit, GraphDocument, GraphEdge, GraphNode } from "../wire";
import { connecting, takes, type Model } from "./connect";
import { descendants, edgeId, idsOf, stemOf, unusedId, withMembers, type Positions } from "./document";
import { flowOf, outputsOf } from "./ports";
import type { Selection } from "./reducer";
import { distinct, rewiring } from "./rewire";

export const NODE_WIDTH = 210;
export const NODE_HEIGHT = 86;
export const STEP = 130;
export const GRID = 10;

export interface Change {
  readonly edits: readonly Edit[];
  readonly positions?: Positions;
  readonly select: readonly string[];
  readonly chosen?: Partial<Selection>;
}

export type Point = readonly [number, number];

/** Add a block at a free place at or below `at`. */
export function adding(model: Model, block: BlockDeclaration, at: Point): Change {
  const node = newNode(model.document, block, freePlace(model.document, at));
  return { edits: [{ op: "add_node", node }], select: [node.id] };
}

/** Add a block below `after` and connect it if it fits; where `after` has one reader, between the two. */
export function addingAfter(model: Model, block: BlockDeclaration, after: string): Change {
  const before = model.document.nodes.find((node) => node.id === after);
  const from = { source: after, source_port: firstOutput(model, before) };
  const ports = fittingPorts(model, block, from);
  if (!before || ports.length === 0) return adding(model, block, before ? below(before) : [0, 0]);
  const readers = model.document.edges.filter((edge) => edge.source === after);
  const only = readers.length === 1 ? readers[0] : undefined;
  if (only && block.outputs.length > 0) return insertingOn(model, block, only);
  const node = newNode(model.document, block, freePlace(model.document, below(before)));
  return { edits: [{ op: "add_node", node }, ...linking(from, node.id, ports)], select: [node.id] };
}

/** Put a new block onto an edge; what follows moves down where there is no room. */
export function insertingOn(model: Model, block: BlockDeclaration, edge: GraphEdge, at?: Point): Change {
  const ports = fittingPorts(model, block, edge);
  const source = model.document.nodes.find((node) => node.id === edge.source);
  const output = outputsOf(block, {})[0]?.name;
  if (ports.length === 0 || !source || output === undefined) return adding(model, block, at ?? [0, 0]);
  const node = newNode(model.document, block, at ? aligned(at, source) : below(source));
  const groups = withMembers(model.document.groups, (members) =>
    members.includes(edge.source) && members.includes(edge.target) ? [...members, node.id] : members,
  );
  return {
    edits: [
      { op: "add_node", node },
      ...threading(model.document, { id: node.id, ports, output }, edge),
      ...(groups.some((group, index) => group !== model.document.groups?.[index]) ? [{ op: "set_groups", groups } as const] : []),
    ],
    positions: roomFor(model.document, node, edge.target),
    select: [node.id],
  };
}

/** Put a block that is there already, and has no connection on the way, onto an edge. */
export function threadingExisting(model: Model, id: string, edge: GraphEdge): readonly Edit[] | null {
  const node = model.document.nodes.find((candidate) => candidate.id === id);
  const block = node && model.catalogue.get(node.kind);
  const ports = block ? fittingPorts(model, block, edge) : [];
  const output = node && outputsOf(block, node.parameters)[0]?.name;
  const isLoose = !model.document.edges.some((other) => other.source === id || other.target === id);
  return ports.length > 0 && output !== undefined && isLoose ? threading(model.document, { id, ports, output }, edge) : null;
}

type End = Pick<GraphEdge, "source" | "source_port">;

function firstOutput(model: Model, node: GraphNode | undefined): string {
  return (node && outputsOf(model.catalogue.get(node.kind), node.parameters)[0]?.name) ?? "output";
}

/** The ports that a wire feeds: all that must be fed, so that attention attends to its own input. */
function fittingPorts(model: Model, block: BlockDeclaration, from: End): string[] {
  const fitting = block.inputs.filter((input) => takes(input, flowOf(model.facts, from)));
  const needed = fitting.filter((input) => !input.optional);
  return (needed.length > 0 ? needed : fitting.slice(0, 1)).map((input) => input.name);
}

interface Thread {
  readonly id: string;
  readonly ports: readonly string[];
  readonly output: string;
}

function threading(document: GraphDocument, { id, ports, output }: Thread, edge: GraphEdge): Edit[] {
  const out = { ...edge, source: id, source_port: output };
  const into = ports.map((port) => ({ ...edge, target: id, target_port: port }));
  const wanted = document.edges.map((other) => (edgeId(other) === edgeId(edge) ? out : other));
  return rewiring(document, [...wanted, ...into]);
}

/** Remove blocks and edges; a gap that one removed block leaves in a chain is closed. */
export function removing(model: Model, ids: readonly string[], edges: readonly GraphEdge[]): Edit[] {
  const edits: Edit[] = edges.map((edge) => ({ op: "remove_edge", edge }));
  const [only] = ids;
  const from = only !== undefined && ids.length === 1 && edges.length === 0 ? onlySource(model, only) : undefined;
  if (only === undefined || from === undefined) return [...edits, ...ids.map((id): Edit => ({ op: "remove_node", id }))];
  const isBridged = (edge: GraphEdge) => {
    const target = model.document.nodes.find((node) => node.id === edge.target);
    const port = target && model.catalogue.get(target.kind)?.inputs.find((input) => input.name === edge.target_port);
    return port !== undefined && takes(port, flowOf(model.facts, from));
  };
  const bridged = model.document.edges.map((edge) => (edge.source === only && isBridged(edge) ? { ...edge, ...endOf(from) } : edge));
  return [...rewiring(model.document, distinct(bridged)), { op: "remove_node", id: only }];
}

/** The one output that a block reads, were it through several ports. */
function onlySource(model: Model, id: string): End | undefined {
  const arriving = model.document.edges.filter((edge) => edge.target === id);
  const [first] = arriving;
  return first && arriving.every((edge) => edge.source === first.source && edge.source_port === first.source_port) ? first : undefined;
}

const endOf = ({ source, source_port }: End): End => ({ source, source_port });

function linking(from: End, target: string, ports: readonly string[]): Edit[] {
  return ports.map((port) => ({ op: "add_edge", edge: { ...endOf(from), target, target_port: port } }));
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
    const from = { source: wire.id, source_port: wire.port };
    return { edits: [add, ...linking(from, node.id, fittingPorts(model, block, from))], select: [node.id] };
  }
  const connection = { source: node.id, sourcePort: outputsOf(block, {})[0]?.name ?? "output", target: wire.id, targetPort: wire.port };
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
