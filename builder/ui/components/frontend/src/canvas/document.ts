/** The graph document as a frozen value, and the edits that Python's `Graph.edited` has too. */

import type { Definition, Edit, GraphDocument, GraphEdge, GraphNode, Group, Note } from "../wire";

export class EditError extends Error {}

export const EMPTY: GraphDocument = Object.freeze({ nodes: Object.freeze([]), edges: Object.freeze([]) });

/** Return the document frozen to its leaves, without empty parts. What is frozen already keeps its identity. */
export function freeze(document: GraphDocument): GraphDocument {
  if (Object.isFrozen(document)) return document;
  const { groups = [], notes = [], definitions = {} } = document;
  return Object.freeze({
    nodes: frozenItems(document.nodes, frozenNode),
    edges: frozenItems(document.edges, completeEdge),
    ...(groups.length > 0 && { groups: frozenItems(groups, frozenGroup) }),
    ...(notes.length > 0 && { notes: frozenItems(notes, frozenNote) }),
    ...(Object.keys(definitions).length > 0 && { definitions: frozenDefinitions(definitions) }),
  });
}

function frozenItems<T>(items: readonly T[], make: (item: T) => T): readonly T[] {
  return Object.isFrozen(items) ? items : Object.freeze(items.map((item) => (Object.isFrozen(item) ? item : make(item))));
}

function frozenNode(node: GraphNode): GraphNode {
  const { id, kind, layer_name, frozen, learning_rate_factor: factor, shared_with } = node;
  return Object.freeze({
    id,
    kind,
    parameters: deepFrozen(node.parameters ?? {}),
    position: deepFrozen(node.position ?? [0, 0]),
    ...(layer_name && { layer_name }),
    ...(frozen && { frozen }),
    ...(factor !== undefined && factor !== 1 && { learning_rate_factor: factor }),
    ...(shared_with && { shared_with }),
  });
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

function frozenGroup({ id, title, nodes, collapsed }: Group): Group {
  return Object.freeze({ id, title: title ?? "", nodes: Object.freeze([...(nodes ?? [])]), collapsed: collapsed ?? false });
}

function frozenNote({ id, text, position, size }: Note): Note {
  return Object.freeze({ id, text: text ?? "", position: deepFrozen(position ?? [0, 0]), size: deepFrozen(size ?? [200, 100]) });
}

function frozenDefinitions(definitions: Readonly<Record<string, Definition>>): Readonly<Record<string, Definition>> {
  if (Object.isFrozen(definitions)) return definitions;
  const kinds = Object.entries(definitions).map(([kind, item]) => [kind, Object.isFrozen(item) ? item : frozenDefinition(kind, item)]);
  return Object.freeze(Object.fromEntries(kinds));
}

function frozenDefinition(kind: string, definition: Definition): Definition {
  return Object.freeze({
    label: definition.label || kind,
    summary: definition.summary ?? "",
    graph: freeze(definition.graph),
    exposed: deepFrozen(definition.exposed ?? []),
    nested_model: definition.nested_model ?? false,
    ...(definition.sequential && { sequential: true }),
  });
}

/** Return the document after the edits. Throws EditError for an id or an operation that does not exist. */
export function edited(document: GraphDocument, edits: readonly Edit[]): GraphDocument {
  return edits.reduce(applied, document);
}

function applied(document: GraphDocument, edit: Edit): GraphDocument {
  switch (edit.op) {
    case "add_node":
      return withNewNode(document, edit.node);
    case "remove_node":
      return withoutNode(document, edit.id);
    case "add_edge":
      return freeze({ ...document, edges: [...document.edges, edit.edge] });
    case "remove_edge":
      return freeze({ ...document, edges: document.edges.filter((edge) => edgeId(edge) !== edgeId(edit.edge)) });
    case "set_parameter":
      return withNode(document, edit.id, (node) => ({
        ...node,
        parameters: { ...node.parameters, [edit.name]: edit.value },
      }));
    case "set_node":
      return withNode(document, edit.id, (node) => ({ ...node, ...edit.changes, id: node.id }));
    case "rename_node":
      return renamed(document, edit.id, edit.to);
    case "set_groups":
      return freeze({ ...document, groups: edit.groups });
    case "set_notes":
      return freeze({ ...document, notes: edit.notes });
    case "set_definition":
      return withDefinition(document, edit.kind, edit.definition);
    default:
      throw new EditError(`The change '${(edit as { op: string }).op}' is not known to this canvas.`);
  }
}

function withNewNode(document: GraphDocument, node: GraphNode): GraphDocument {
  if (document.nodes.some(({ id }) => id === node.id))
    throw new EditError(`There is a block named '${node.id}' already, so this change was not made.`);
  return freeze({ ...document, nodes: [...document.nodes, node] });
}

function withNode(document: GraphDocument, id: string, change: (node: GraphNode) => GraphNode): GraphDocument {
  required(document, id);
  return freeze({ ...document, nodes: document.nodes.map((node) => (node.id === id ? change(node) : node)) });
}

function withoutNode(document: GraphDocument, gone: string): GraphDocument {
  required(document, gone);
  const others = document.nodes.filter((node) => node.id !== gone);
  return freeze({
    ...document,
    nodes: others.map((node) => (node.shared_with === gone ? { ...node, shared_with: "" } : node)),
    edges: document.edges.filter((edge) => edge.source !== gone && edge.target !== gone),
    groups: withMembers(document.groups, (members) => members.filter((id) => id !== gone)),
  });
}

/** The groups with other members; a group that loses its last block is gone. */
export function withMembers(groups: readonly Group[] = [], change: (members: readonly string[]) => readonly string[]): Group[] {
  const changed = groups.map((group) => {
    const nodes = change(group.nodes);
    return nodes.length === group.nodes.length && nodes.every((id, index) => id === group.nodes[index]) ? group : { ...group, nodes };
  });
  return changed.filter((group) => group.nodes.length > 0);
}

function withDefinition(document: GraphDocument, kind: string, definition: Definition | null): GraphDocument {
  const others = Object.entries(document.definitions ?? {}).filter(([name]) => name !== kind);
  const definitions = Object.fromEntries(definition === null ? others : [...others, [kind, definition]]);
  return freeze({ ...document, definitions });
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

/** The document with a block's new name everywhere: connections, groups, and who shares its weights. */
export function renamed(document: GraphDocument, id: string, name: string): GraphDocument {
  required(document, id);
  const swap = (word: string) => (word === id ? name : word);
  return freeze({
    ...document,
    nodes: document.nodes.map((node) =>
      node.id === id || node.shared_with === id
        ? { ...node, id: swap(node.id), ...(node.shared_with && { shared_with: swap(node.shared_with) }) }
        : node,
    ),
    edges: document.edges.map((edge) =>
      edge.source === id || edge.target === id ? { ...edge, source: swap(edge.source), target: swap(edge.target) } : edge,
    ),
    groups: withMembers(document.groups, (members) => members.map(swap)),
  });
}

/** Whether two documents differ in what they mean: not in places, groups or notes. */
export function differsInMeaning(before: GraphDocument, after: GraphDocument): boolean {
  if (before === after) return false;
  if (before.nodes.length !== after.nodes.length || before.definitions !== after.definitions) return true;
  if (before.nodes.some((node, index) => !meansTheSame(node, after.nodes[index] as GraphNode))) return true;
  return before.edges !== after.edges && JSON.stringify(before.edges) !== JSON.stringify(after.edges);
}

function meansTheSame(one: GraphNode, other: GraphNode): boolean {
  if (one === other) return true;
  const meaning = ({ position: _, ...rest }: GraphNode) => JSON.stringify(rest);
  return meaning(one) === meaning(other);
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

/** A new block's id from its kind ("max_pooling2d.v1" gives "max_pooling2d", "own.pair" gives "pair"). */
export function stemOf(kind: string): string {
  return kind.replace(/^own\./, "").replace(/\.v\d+$/, "");
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
