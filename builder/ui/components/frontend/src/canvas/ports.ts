/** A block's outputs as its parameters leave them, and what flows out of each. */

import type { BlockDeclaration, Flow, GraphEdge, GraphNode, OutputPort, PortFacts } from "../wire";
import type { Facts } from "./connect";
import { valueOf } from "./parameters";

const PLAIN: readonly OutputPort[] = [{ name: "output" }];

/** The outputs that a block has with these parameter values; a block of an unknown kind has one. */
export function outputsOf(block: BlockDeclaration | undefined, parameters: GraphNode["parameters"]): readonly OutputPort[] {
  if (!block) return PLAIN;
  const conditional = block.outputs.some(({ when }) => when && Object.keys(when).length > 0);
  if (!conditional) return block.outputs;
  const declared = new Map(block.parameters.map((declaration) => [declaration.name, declaration]));
  const holds = ([name, wanted]: [string, unknown]) => {
    const declaration = declared.get(name);
    const value = declaration ? valueOf(parameters, declaration) : parameters[name];
    if (isBound(wanted)) return typeof value === "number" && value >= wanted.minimum;
    return JSON.stringify(value) === JSON.stringify(wanted);
  };
  return block.outputs.filter(({ when = {} }) => Object.entries(when).every(holds));
}

function isBound(wanted: unknown): wanted is { readonly minimum: number } {
  return typeof wanted === "object" && wanted !== null && "minimum" in wanted;
}

/** What is known of the tensor that leaves a port. */
export function factsOf(facts: Facts, id: string, port: string): PortFacts | undefined {
  const known = facts[id];
  return known?.outputs?.[port] ?? (known?.outputs && Object.keys(known.outputs).length > 1 ? undefined : known);
}

export function flowOf(facts: Facts, from: Pick<GraphEdge, "source" | "source_port">): Flow | null | undefined {
  return factsOf(facts, from.source, from.source_port)?.flow;
}
