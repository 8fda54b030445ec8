/** Putting another block in a block's place, and letting two blocks change places, with the connections kept. */

import type { BlockDeclaration, Edit, GraphDocument, GraphEdge, InputPort } from "../wire";
import { takes, type Model } from "./connect";
import { stemOf, unusedId, idsOf } from "./document";
import { accepts } from "./parameters";
import { flowOf, outputsOf } from "./ports";
import { distinct, rewiring } from "./rewire";

/** Which of a block's new ports takes over each of its incoming connections; null where one finds no place. */
function portsFor(model: Model, id: string, block: BlockDeclaration): ReadonlyMap<GraphEdge, InputPort> | null {
  const arriving = model.document.edges.filter((edge) => edge.target === id);
  const found = new Map<GraphEdge, InputPort>();
  const isFree = (port: InputPort) => port.variadic || ![...found.values()].includes(port);
  for (const edge of arriving) {
    const fitting = block.inputs.filter((port) => isFree(port) && takes(port, flowOf(model.facts, edge)));
    const port = fitting.find(({ name }) => name === edge.target_port) ?? fitting[0];
    if (!port) return null;
    found.set(edge, port);
  }
  return found;
}

/** The kinds that can take a block's place: every connection of the block finds a port. */
export function fittingKinds(model: Model, id: string, blocks: readonly BlockDeclaration[]): BlockDeclaration[] {
  const node = model.document.nodes.find((candidate) => candidate.id === id);
  const isRead = model.document.edges.some((edge) => edge.source === id);
  const isSource = !model.document.edges.some((edge) => edge.target === id);
  return blocks.filter((block) => {
    if (!node || block.kind === node.kind || (isRead && block.outputs.length === 0)) return false;
    if (isSource && (model.catalogue.get(node.kind)?.inputs.length ?? 0) === 0) return block.inputs.length === 0;
    return block.inputs.length > 0 && portsFor(model, id, block) !== null;
  });
}

/** Put a block of another kind in a block's place; settings of the same name keep their value where it is allowed. */
export function replacing(model: Model, id: string, block: BlockDeclaration): { readonly edits: Edit[]; readonly select: readonly string[] } | null {
  const { document, catalogue } = model;
  const node = document.nodes.find((candidate) => candidate.id === id);
  const ports = node && portsFor(model, id, block);
  if (!node || !ports) return null;
  const declared = new Map(block.parameters.map((declaration) => [declaration.name, declaration]));
  const kept = Object.entries(node.parameters).filter(([name, value]) => {
    const declaration = declared.get(name);
    return declaration !== undefined && accepts(declaration, value);
  });
  const parameters = Object.fromEntries(kept);
  const outputs = outputsOf(block, parameters).map(({ name }) => name);
  const wanted = document.edges.map((edge): GraphEdge => {
    const port = ports.get(edge);
    const inside = port ? { ...edge, target_port: port.name } : edge;
    if (edge.source !== id || outputs.includes(edge.source_port)) return inside;
    return { ...inside, source_port: outputs[0] ?? "output" };
  });
  const edits: Edit[] = [
    ...rewiring(document, distinct(wanted)),
    { op: "set_node", id, changes: { kind: block.kind, parameters, shared_with: "", layer_name: "" } },
    ...document.nodes.filter((other) => other.shared_with === id).map((other): Edit => ({ op: "set_node", id: other.id, changes: { shared_with: "" } })),
  ];
  // A name that only said the old kind would now say something wrong.
  const isNamedByKind = new RegExp(`^${stemOf(node.kind).replace(/[^a-z0-9_]/g, "_")}(_\\d+)?$`).test(id);
  if (!isNamedByKind || !catalogue.has(node.kind)) return { edits, select: [id] };
  const others = idsOf(document);
  others.delete(id);
  const to = unusedId(others, stemOf(block.kind));
  return { edits: [...edits, { op: "rename_node", id, to }], select: [to] };
}

/** Let two blocks change places: each takes over the other's connections and its place on the canvas. */
export function swapping(document: GraphDocument, one: string, other: string): Edit[] {
  const places = new Map(document.nodes.map((node) => [node.id, node.position]));
  const swap = (id: string) => (id === one ? other : id === other ? one : id);
  const wanted = document.edges.map((edge) => ({ ...edge, source: swap(edge.source), target: swap(edge.target) }));
  const [here, there] = [places.get(one), places.get(other)];
  if (!here || !there) return [];
  return [
    ...rewiring(document, wanted),
    { op: "set_node", id: one, changes: { position: there } },
    { op: "set_node", id: other, changes: { position: here } },
  ];
}

/** Why two blocks cannot change places, in words; null where they can. */
export function swapFault(model: Model, one: string, other: string): string | null {
  const { document, catalogue } = model;
  const kinds = new Map(document.nodes.map((node) => [node.id, node.kind]));
  for (const [from, to] of [[one, other], [other, one]] as const) {
    const block = catalogue.get(kinds.get(to) ?? "");
    const arriving = document.edges.filter((edge) => edge.target === from);
    const missing = arriving.find((edge) => !block?.inputs.some((port) => port.name === edge.target_port));
    if (missing) return `'${to}' has no input '${missing.target_port}' for what '${from}' reads.`;
    const node = document.nodes.find(({ id }) => id === to);
    const outputs = outputsOf(block, node?.parameters ?? {}).map(({ name }) => name);
    const unread = document.edges.find((edge) => edge.source === from && !outputs.includes(edge.source_port));
    if (unread) return `'${to}' has no output '${unread.source_port}' for what reads '${from}'.`;
  }
  return null;
}
