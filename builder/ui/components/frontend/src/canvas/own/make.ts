/** Making one own block of several blocks, and taking it apart again. */

import type { Definition, Edit, Exposed, GraphDocument, GraphEdge, GraphNode } from "../../wire";
import type { Model } from "../connect";
import { ancestors, descendants, idsOf, unusedId, withMembers } from "../document";
import { valueOf } from "../parameters";
import { STEP, type Change } from "../place";
import { outputsOf } from "../ports";
import { distinct, rewiring } from "../rewire";
import { kindsInside } from "./declare";
import { canRepeat, FREE_INPUT, inputPorts, LATENT_INPUT, OUTPUT, outputPorts, OWN, REPEAT, repeatsOf, TRAINING } from "./ports";

/** Why these blocks cannot become one block, in words; null where they can. */
export function makeFault({ document }: Pick<Model, "document">, ids: readonly string[]): string | null {
  const chosen = new Set(ids);
  const members = document.nodes.filter((node) => chosen.has(node.id));
  if (members.length === 0) return "Select the blocks first.";
  const fixed = members.find((node) => node.kind === "input.v1" || node.kind === LATENT_INPUT || node.kind === FREE_INPUT || node.kind === OUTPUT);
  if (fixed)
    return `Leave '${fixed.id}' out of the selection: an own block is given its data by the block before it, and the model's inputs and outputs stay outside.`;
  const torn = document.nodes.find((node) => node.shared_with && chosen.has(node.id) !== chosen.has(node.shared_with));
  if (torn) return `'${torn.id}' uses the weights of '${torn.shared_with}': select both or neither.`;
  const between = document.nodes.find((node) => !chosen.has(node.id) && liesBetween(document, node.id, chosen));
  return between ? `'${between.id}' lies between the selected blocks. Select it too.` : null;
}

function liesBetween(document: GraphDocument, id: string, chosen: ReadonlySet<string>): boolean {
  const meets = (found: ReadonlySet<string>) => [...found].some((other) => chosen.has(other));
  return meets(ancestors(document, id)) && meets(descendants(document, id));
}

/** The graph inside the block to be, and how its ports are connected where the blocks stood. */
interface Cut {
  readonly graph: GraphDocument;
  /** Each outer source of the selection with the free input that takes its place. */
  readonly entering: ReadonlyMap<string, string>;
  /** Each inner source that is read outside with the output marker behind it. */
  readonly leaving: ReadonlyMap<string, string>;
}

function cut(model: Model, ids: readonly string[]): Cut {
  const { document } = model;
  const chosen = new Set(ids);
  const members = document.nodes.filter((node) => chosen.has(node.id));
  const taken = new Set(ids);
  const entering = new Map<string, string>();
  const leaving = new Map<string, string>();
  const edges: GraphEdge[] = [];
  const name = (stem: string) => {
    const free = unusedId(taken, stem);
    taken.add(free);
    return free;
  };
  for (const edge of document.edges) {
    if (!chosen.has(edge.target)) continue;
    const end = endOf(edge);
    if (!chosen.has(edge.source) && !entering.has(end)) entering.set(end, name(portStem(edge.target_port)));
    edges.push(chosen.has(edge.source) ? edge : { ...edge, source: entering.get(end) as string, source_port: "output" });
  }
  const open = members.flatMap((node) => openPorts(model, node).map((port) => ({ node, port })));
  const free = open.map(({ node, port }) => ({ id: name(portStem(port)), target: node.id, target_port: port }));
  for (const { id, target, target_port } of free) edges.push({ source: id, source_port: "output", target, target_port });
  for (const end of outerEnds(model, members, chosen)) leaving.set(endOf(end), name("output"));
  for (const [end, id] of leaving) edges.push({ ...sourceOf(end), target: id, target_port: "input" });
  const inputs = [...entering.values(), ...free.map(({ id }) => id)];
  return { graph: placed(members, inputs, [...leaving.values()], edges), entering, leaving };
}

const endOf = (edge: Pick<GraphEdge, "source" | "source_port">) => `${edge.source}:${edge.source_port}`;

function sourceOf(end: string): Pick<GraphEdge, "source" | "source_port"> {
  const [source = "", source_port = ""] = end.split(":");
  return { source, source_port };
}

const portStem = (port: string) => (/^[a-z][a-z0-9_]*$/.test(port) && port !== "inputs" ? port : "input");

function openPorts(model: Model, node: GraphNode): string[] {
  const taken = new Set(model.document.edges.filter((edge) => edge.target === node.id).map((edge) => edge.target_port));
  const ports = model.catalogue.get(node.kind)?.inputs ?? [];
  return ports.filter((port) => !port.optional && !taken.has(port.name)).map((port) => port.name);
}

/** The inner outputs that are read outside; where nothing is, the outputs that nothing reads. */
function outerEnds(model: Model, members: readonly GraphNode[], chosen: ReadonlySet<string>): Pick<GraphEdge, "source" | "source_port">[] {
  const { edges } = model.document;
  const read = edges.filter((edge) => chosen.has(edge.source) && !chosen.has(edge.target));
  if (read.length > 0) return read;
  const used = new Set(edges.map((edge) => edge.source));
  return members
    .filter((node) => !used.has(node.id))
    .flatMap((node) => outputsOf(model.catalogue.get(node.kind), node.parameters).slice(0, 1).map(({ name }) => ({ source: node.id, source_port: name })));
}

function placed(members: readonly GraphNode[], inputs: readonly string[], outputs: readonly string[], edges: readonly GraphEdge[]): GraphDocument {
  const left = Math.min(...members.map(({ position }) => position[0]));
  const top = Math.min(...members.map(({ position }) => position[1]));
  const height = Math.max(...members.map(({ position }) => position[1])) - top;
  const row = (ids: readonly string[], kind: string, y: number): GraphNode[] =>
    ids.map((id, index) => ({ id, kind, parameters: {}, position: [250 * index, y] }));
  const inner = members.map((node) => ({ ...node, position: [node.position[0] - left, node.position[1] - top + STEP] as const }));
  return { nodes: [...row(inputs, FREE_INPUT, 0), ...inner, ...row(outputs, OUTPUT, height + 2 * STEP)], edges };
}

export interface Making {
  /** The name in the kind: small letters, digits, underscores. */
  readonly name: string;
  readonly label: string;
  readonly exposed: readonly Exposed[];
  readonly repeat: number;
}

/** Replace blocks by one own block that holds them. */
export function making(model: Model, ids: readonly string[], { name, label, exposed, repeat }: Making): Change {
  const { document } = model;
  const { graph, entering, leaving } = cut(model, ids);
  const kind = unusedKind(document, name);
  const definition: Definition = { label, summary: "", graph, exposed, nested_model: false };
  const chosen = new Set(ids);
  const members = document.nodes.filter((node) => chosen.has(node.id));
  const others = new Set([...idsOf(document)].filter((id) => !chosen.has(id)));
  const parameters = repeat > 1 && canRepeat(definition) ? { [REPEAT]: repeat } : {};
  const first = members[0] as GraphNode;
  const node: GraphNode = { id: unusedId(others, name), kind, parameters, position: first.position };
  const [inputs, outputs] = [inverted(inputPorts(definition)), inverted(outputPorts(definition))];
  const wanted = document.edges.flatMap((edge): GraphEdge[] => {
    if (!chosen.has(edge.source) && !chosen.has(edge.target)) return [edge];
    if (chosen.has(edge.source) && chosen.has(edge.target)) return [];
    if (chosen.has(edge.target)) return [{ ...edge, target: node.id, target_port: inputs.get(entering.get(endOf(edge)) as string) as string }];
    return [{ ...edge, source: node.id, source_port: outputs.get(leaving.get(endOf(edge)) as string) as string }];
  });
  const groups = withMembers(document.groups, (nodes) => inGroup(nodes, chosen, node.id));
  const bare = { ...document, edges: document.edges.filter((edge) => !chosen.has(edge.source) && !chosen.has(edge.target)) };
  const edits: Edit[] = [
    { op: "set_definition", kind, definition },
    ...ids.map((id) => ({ op: "remove_node", id }) as const),
    { op: "add_node", node },
    ...rewiring(bare, distinct(wanted)),
    ...(document.groups ? [{ op: "set_groups", groups } as const] : []),
  ];
  return { edits, select: [node.id] };
}

/** A group's blocks after some became one: the new block belongs where all of them belonged. */
function inGroup(nodes: readonly string[], chosen: ReadonlySet<string>, made: string): string[] {
  const rest = nodes.filter((id) => !chosen.has(id));
  const isAround = nodes.length - rest.length === chosen.size && rest.length > 0;
  return isAround ? [...rest, made] : rest;
}

function inverted(ports: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...ports].map(([port, inner]) => [inner, port]));
}

/** A kind of this name that the document does not hold yet. */
export function unusedKind({ definitions = {} }: GraphDocument, name: string): string {
  return unusedId(new Set(Object.keys(definitions)), OWN + name);
}

const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** A name for the kind from what a person calls the block ("Conv pair!" gives "conv_pair"). */
export function nameFrom(label: string): string {
  const name = label.toLowerCase().normalize("NFD").replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 40).replace(/_+$/, "");
  return NAME.test(name) ? name : "block";
}

/** Put the blocks inside an own block back in its place, as often as it repeats. */
export function expanding(model: Model, id: string): Change | null {
  const { document } = model;
  const node = document.nodes.find((candidate) => candidate.id === id);
  const definition = node && document.definitions?.[node.kind];
  if (!node || !definition) return null;
  const taken = new Set([...idsOf(document)].filter((other) => other !== id));
  const rounds = canRepeat(definition) ? repeatsOf(node) : 1;
  const copies = Array.from({ length: rounds }, (_, round) => copyOf(definition, node, taken, round, rounds));
  const feeds = feedsOf(document, node, definition, copies);
  const wanted = [
    ...document.edges.flatMap((edge) => outerEdge(edge, id, feeds.leaving)),
    ...feeds.inner,
  ].filter((edge) => edge.target !== id);
  const made = copies.flatMap(({ nodes }) => nodes);
  const bare = { ...document, edges: document.edges.filter((edge) => edge.source !== id && edge.target !== id) };
  const groups = withMembers(document.groups, (nodes) => nodes.flatMap((member) => (member === id ? made.map((inner) => inner.id) : [member])));
  return {
    edits: [
      { op: "remove_node", id },
      ...made.map((inner) => ({ op: "add_node", node: inner }) as const),
      ...rewiring(bare, distinct(wanted)),
      ...(document.groups ? [{ op: "set_groups", groups } as const] : []),
    ],
    select: made.map((inner) => inner.id),
  };
}

interface Copy {
  readonly nodes: readonly GraphNode[];
  readonly names: ReadonlyMap<string, string>;
}

function copyOf(definition: Definition, node: GraphNode, taken: Set<string>, round: number, rounds: number): Copy {
  const inner = definition.graph.nodes.filter(({ kind }) => kind !== FREE_INPUT && kind !== OUTPUT);
  const names = new Map<string, string>();
  for (const { id } of inner) {
    const full = rounds > 1 ? `${node.id}_${round + 1}_${id}` : `${node.id}_${id}`;
    const name = rounds === 1 && !taken.has(id) ? id : unusedId(taken, full);
    names.set(id, name);
    taken.add(name);
  }
  const given = new Map<string, Record<string, unknown>>();
  for (const { name, node: at, parameter } of definition.exposed)
    if (name in node.parameters) given.set(at, { ...given.get(at), [parameter]: node.parameters[name] });
  const top = Math.min(...inner.map(({ position }) => position[1]), Infinity);
  const left = Math.min(...inner.map(({ position }) => position[0]), Infinity);
  const height = Math.max(...inner.map(({ position }) => position[1]), 0) - top + STEP;
  const nodes = inner.map((item): GraphNode => ({
    ...item,
    id: names.get(item.id) as string,
    parameters: { ...item.parameters, ...given.get(item.id) },
    position: [node.position[0] + item.position[0] - left, node.position[1] + item.position[1] - top + round * height],
    frozen: item.frozen || node.frozen || false,
    learning_rate_factor: (item.learning_rate_factor ?? 1) * (node.learning_rate_factor ?? 1),
    shared_with: item.shared_with ? (names.get(item.shared_with) ?? "") : "",
  }));
  return { nodes, names };
}

type End = Pick<GraphEdge, "source" | "source_port">;

/** The connections inside and into the copies, and what then leaves each output port. */
function feedsOf(document: GraphDocument, node: GraphNode, definition: Definition, copies: readonly Copy[]) {
  const [inputs, outputs] = [inverted(inputPorts(definition)), inverted(outputPorts(definition))];
  const arriving = new Map<string, End>();
  for (const edge of document.edges) if (edge.target === node.id) arriving.set(edge.target_port, edge);
  const inner: GraphEdge[] = [];
  let leaving = new Map<string, End>();
  let entering = arriving;
  for (const { names } of copies) {
    leaving = new Map();
    for (const edge of definition.graph.edges) {
      const port = inputs.get(edge.source);
      const end = port === undefined ? { source: names.get(edge.source) ?? "", source_port: edge.source_port } : entering.get(port);
      if (!end) continue;
      const marker = outputs.get(edge.target);
      if (marker !== undefined) leaving.set(marker, end);
      else inner.push({ source: end.source, source_port: end.source_port, target: names.get(edge.target) ?? "", target_port: edge.target_port });
    }
    const only = leaving.values().next().value;
    entering = new Map(only ? [["input", only]] : []);
  }
  return { inner, leaving };
}

function outerEdge(edge: GraphEdge, id: string, leaving: ReadonlyMap<string, End>): GraphEdge[] {
  if (edge.source !== id) return [edge];
  const end = leaving.get(edge.source_port);
  return end ? [{ ...edge, source: end.source, source_port: end.source_port }] : [];
}

/** Give one use of an own block a definition of its own, so that it can be changed without the others. */
export function separating(document: GraphDocument, id: string): Edit[] | null {
  const node = document.nodes.find((candidate) => candidate.id === id);
  const definition = node && document.definitions?.[node.kind];
  if (!node || !definition) return null;
  const kind = unusedKind(document, node.kind.slice(OWN.length).replace(/_\d+$/, ""));
  const label = `${definition.label.replace(/ \d+$/, "")} ${/_(\d+)$/.exec(kind)?.[1] ?? "2"}`;
  return [
    { op: "set_definition", kind, definition: { ...definition, label } },
    { op: "set_node", id, changes: { kind } },
  ];
}

/** Whether any graph of the project uses the kind. */
export function isUsed(root: GraphDocument, kind: string): boolean {
  const graphs = [root, ...Object.values(root.definitions ?? {}).map((definition) => definition.graph)];
  return graphs.some((graph) => graph.nodes.some((node) => node.kind === kind));
}

/** Whether a block of this kind may stand in the open own block: none may contain itself. */
export function mayStandIn(kind: string, open: string | undefined, definitions: Readonly<Record<string, Definition>> = {}): boolean {
  return open === undefined || (kind !== open && !kindsInside(kind, definitions).has(open));
}

/** What could be exposed of the selected blocks: every parameter, with whether it differs from its default. */
export function exposable(model: Model, ids: readonly string[]): (Exposed & { readonly label: string; readonly isSet: boolean })[] {
  const chosen = new Set(ids);
  // The new block has settings of its own that are called like these of the own block within.
  const needsOwner = (name: string) => ids.length > 1 || name === REPEAT || name === TRAINING;
  return model.document.nodes.filter((node) => chosen.has(node.id)).flatMap((node) =>
    (model.catalogue.get(node.kind)?.parameters ?? []).map((parameter) => ({
      name: needsOwner(parameter.name) ? `${node.id}_${parameter.name}` : parameter.name,
      node: node.id,
      parameter: parameter.name,
      label: parameter.label || parameter.name,
      isSet: JSON.stringify(valueOf(node.parameters, parameter)) !== JSON.stringify(parameter.default),
    })),
  );
}
