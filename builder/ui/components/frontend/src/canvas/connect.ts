/** Which connections fit, why others do not, and the edits that make one. */

import type { BlockDeclaration, Edit, Flow, GraphDocument, GraphEdge, InputPort, NodeFacts } from "../wire";
import { descendants, edgeId } from "./document";

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
  const flow = model.facts[source]?.flow;
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

/** The ports ("id:port") to which a wire from `source` may lead. */
export function fittingTargets(model: Model, source: string, sourcePort: string): Set<string> {
  const fits = new Set<string>();
  for (const node of model.document.nodes)
    for (const port of model.catalogue.get(node.kind)?.inputs ?? []) {
      const connection = { source, sourcePort, target: node.id, targetPort: port.name };
      if (refusal(model, connection) === null) fits.add(`${node.id}:${port.name}`);
    }
  return fits;
}

/** The ports ("id:port") from which a wire into `target` may come. */
export function fittingSources(model: Model, target: string, targetPort: string): Set<string> {
  const fits = new Set<string>();
  for (const node of model.document.nodes)
    for (const port of model.catalogue.get(node.kind)?.outputs ?? []) {
      const connection = { source: node.id, sourcePort: port.name, target, targetPort };
      if (refusal(model, connection) === null) fits.add(`${node.id}:${port.name}`);
    }
  return fits;
}
