/** Which connections fit, why others do not, and the edits that make one. */

import type { BlockDeclaration, Edit, Flow, GraphDocument, GraphEdge, InputPort, NodeFacts } from "../wire";
import { ancestors, descendants, edgeId } from "./document";
import { flowOf, outputsOf } from "./ports";

export type Catalogue = ReadonlyMap<string, BlockDeclaration>;
export type Facts = Readonly<Record<string, NodeFacts>>;

export interface Model {
  readonly document: GraphDocument;
  readonly catalogue: Catalogue;
  readonly facts: Facts;
}

export interface Connection {
  readonly source: string;
  readonly sourcePort: string;
  readonly target: string;
  readonly targetPort: string;
}

const FLOWS: Record<Flow, string> = {
  image: "an image (height, width, channels)",
  sequence: "a sequence (steps, features)",
  tokens: "tokens (word numbers)",
  vector: "a vector (features)",
  volume: "a volume or a film (depth or frames, height, width, channels)",
  number: "one number",
};

export function flowWords(flow: Flow): string {
  return FLOWS[flow] ?? flow;
}

export function blockOf(model: Model, id: string): BlockDeclaration | undefined {
  const node = model.document.nodes.find((candidate) => candidate.id === id);
  return node && model.catalogue.get(node.kind);
}

export function takes(port: InputPort, flow: Flow | null | undefined): boolean {
  return !flow || port.accepts.length === 0 || port.accepts.includes(flow);
}

/** Why this connection cannot be made, in words for the person drawing it; null where it can. */
export function refusal(model: Model, { source, target, targetPort, sourcePort }: Connection): string | null {
  if (source === target) return "A block cannot read its own output.";
  const port = blockOf(model, target)?.inputs.find((input) => input.name === targetPort);
  if (!port) return `The block '${target}' has no input there.`;
  const flow = flowOf(model.facts, { source, source_port: sourcePort });
  if (!takes(port, flow))
    return `'${source}' gives ${flowWords(flow as Flow)}; '${target}' reads ${port.accepts.map(flowWords).join(" or ")}.`;
  if (descendants(model.document, target).has(source))
    return `'${source}' already follows '${target}': data cannot flow in a circle.`;
  const wanted = { source, source_port: sourcePort, target, target_port: targetPort };
  if (model.document.edges.some((edge) => edgeId(edge) === edgeId(wanted))) return "These two are connected already.";
  return null;
}

/** The edits that connect: a second edge into a port for one tensor replaces the first. */
export function connecting(model: Model, connection: Connection): Edit[] {
  const edge: GraphEdge = {
    source: connection.source,
    source_port: connection.sourcePort,
    target: connection.target,
    target_port: connection.targetPort,
  };
  const port = blockOf(model, edge.target)?.inputs.find((input) => input.name === edge.target_port);
  const replaced = port?.variadic
    ? []
    : model.document.edges.filter((old) => old.target === edge.target && old.target_port === edge.target_port);
  return [
    ...replaced.map((old) => ({ op: "remove_edge", edge: old }) as const),
    { op: "add_edge", edge } as const,
  ];
}

/** The ports ("id:port") to which a wire from `source` may lead: `refusal` for all ports at once. */
export function fittingTargets(model: Model, source: string, sourcePort: string): Set<string> {
  const { document, catalogue, facts } = model;
  const barred = ancestors(document, source).add(source);
  const connected = new Set(document.edges.map(edgeId));
  const fits = document.nodes
    .filter((node) => !barred.has(node.id))
    .flatMap((node) => (catalogue.get(node.kind)?.inputs ?? []).map((port) => ({ id: node.id, port })))
    .filter(({ port }) => takes(port, flowOf(facts, { source, source_port: sourcePort })))
    .map(({ id, port }) => ({ source, source_port: sourcePort, target: id, target_port: port.name }))
    .filter((edge) => !connected.has(edgeId(edge)));
  return new Set(fits.map((edge) => `${edge.target}:${edge.target_port}`));
}

/** The ports ("id:port") from which a wire into `target` may come. */
export function fittingSources(model: Model, target: string, targetPort: string): Set<string> {
  const { document, catalogue, facts } = model;
  const port = blockOf(model, target)?.inputs.find((input) => input.name === targetPort);
  const barred = descendants(document, target).add(target);
  const connected = new Set(document.edges.map(edgeId));
  const fits = document.nodes
    .filter((node) => !barred.has(node.id))
    .flatMap((node) => outputsOf(catalogue.get(node.kind), node.parameters).map(({ name }) => ({ source: node.id, source_port: name })))
    .filter((end) => port && takes(port, flowOf(facts, end)))
    .map((end) => ({ ...end, target, target_port: targetPort }))
    .filter((edge) => !connected.has(edgeId(edge)));
  return new Set(fits.map((edge) => `${edge.source}:${edge.source_port}`));
}
