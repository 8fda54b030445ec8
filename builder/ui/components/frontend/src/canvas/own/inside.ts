/** Editing the graph inside an own block, and keeping every use of the block in step with it. */

import type { Definition, Edit, Exposed, GraphDocument, GraphNode } from "../../wire";
import { edited, EditError, freeze, moved, type Positions } from "../document";
import { distinct } from "../rewire";
import { inputPorts, outputPorts, REPEAT } from "./ports";

/** The kinds of the own blocks that are open, the outermost first; empty for the model itself. */
export type Inside = readonly string[];

/** The graph that is shown, with the project's own blocks at hand. */
export function opened(root: GraphDocument, inside: Inside): GraphDocument {
  const kind = inside.at(-1);
  if (kind === undefined) return root;
  const { definitions } = root;
  return freeze({ ...definitionOf(root, kind).graph, ...(definitions && { definitions }) });
}

/** The open own blocks that the document still holds. */
export function stillThere(root: GraphDocument, inside: Inside): Inside {
  const missing = inside.findIndex((kind) => !root.definitions?.[kind]);
  return missing < 0 ? inside : inside.slice(0, missing);
}

/** The document after edits of the graph that is shown. */
export function editedInside(root: GraphDocument, inside: Inside, edits: readonly Edit[], positions: Positions = {}): GraphDocument {
  const kind = inside.at(-1);
  if (kind === undefined) return moved(edited(root, edits), positions);
  const after = edits.reduce((document, edit) => oneEdit(document, kind, edit), root);
  const definition = definitionOf(after, kind);
  const graph = moved(definition.graph, positions);
  return graph === definition.graph ? after : redefined(after, kind, { ...definition, graph });
}

function oneEdit(root: GraphDocument, kind: string, edit: Edit): GraphDocument {
  if (edit.op === "set_definition") return edited(root, [edit]);
  const definition = definitionOf(root, kind);
  const names = edit.op === "rename_node" ? new Map([[edit.id, edit.to]]) : new Map<string, string>();
  const graph = edited(definition.graph, [edit]);
  const ids = new Set(graph.nodes.map((node) => node.id));
  const exposed = definition.exposed
    .map((item) => (names.has(item.node) ? { ...item, node: names.get(item.node) as string } : item))
    .filter((item) => ids.has(item.node));
  return redefined(root, kind, { ...definition, graph, exposed }, names);
}

/** Put another definition in a kind's place; what uses the kind keeps the connections and values that still have a place. */
export function redefined(root: GraphDocument, kind: string, definition: Definition, names: ReadonlyMap<string, string> = new Map()): GraphDocument {
  const before = definitionOf(root, kind);
  const definitions: Record<string, Definition> = { ...root.definitions, [kind]: definition };
  const change = changeOf(before, definition, names);
  if (change === null) return freeze({ ...root, definitions });
  for (const [name, item] of Object.entries(definitions))
    if (item.graph.nodes.some((node) => node.kind === kind)) definitions[name] = { ...item, graph: adapted(item.graph, kind, change) };
  return freeze({ ...adapted(root, kind, change), definitions });
}

interface Change {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly gone: ReadonlySet<string>;
}

/** Which port became which, and which exposed values are gone; null where every use stays as it is. */
function changeOf(before: Definition, after: Definition, names: ReadonlyMap<string, string>): Change | null {
  const inputs = portsNow(inputPorts(before), inputPorts(after), names);
  const outputs = portsNow(outputPorts(before), outputPorts(after), names);
  const shown = (exposed: readonly Exposed[]) => new Set(exposed.map((item) => item.name));
  const left = shown(after.exposed);
  const gone = new Set([...shown(before.exposed)].filter((name) => !left.has(name) && name !== REPEAT));
  const isSame = (ports: ReadonlyMap<string, string>, old: ReadonlyMap<string, string>) =>
    ports.size === old.size && [...ports].every(([from, to]) => from === to);
  return gone.size === 0 && isSame(inputs, inputPorts(before)) && isSame(outputs, outputPorts(before)) ? null : { inputs, outputs, gone };
}

function portsNow(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>, names: ReadonlyMap<string, string>): Map<string, string> {
  const byInner = new Map([...after].map(([port, inner]) => [inner, port]));
  return new Map([...before].flatMap(([port, inner]) => {
    const now = byInner.get(names.get(inner) ?? inner);
    return now === undefined ? [] : [[port, now] as const];
  }));
}

function adapted(graph: GraphDocument, kind: string, { inputs, outputs, gone }: Change): GraphDocument {
  const users = new Set(graph.nodes.filter((node) => node.kind === kind).map((node) => node.id));
  if (users.size === 0) return graph;
  const edges = graph.edges.flatMap((edge) => {
    const target_port = users.has(edge.target) ? inputs.get(edge.target_port) : edge.target_port;
    const source_port = users.has(edge.source) ? outputs.get(edge.source_port) : edge.source_port;
    return target_port === undefined || source_port === undefined ? [] : [{ ...edge, target_port, source_port }];
  });
  const nodes = graph.nodes.map((node) => (users.has(node.id) ? withoutValues(node, gone) : node));
  return freeze({ ...graph, nodes, edges: distinct(edges) });
}

function withoutValues(node: GraphNode, gone: ReadonlySet<string>): GraphNode {
  if (!Object.keys(node.parameters).some((name) => gone.has(name))) return node;
  return { ...node, parameters: Object.fromEntries(Object.entries(node.parameters).filter(([name]) => !gone.has(name))) };
}

function definitionOf(root: GraphDocument, kind: string): Definition {
  const definition = root.definitions?.[kind];
  if (!definition) throw new EditError(`The own block '${kind}' is no longer in the project, so this change was not made.`);
  return definition;
}
