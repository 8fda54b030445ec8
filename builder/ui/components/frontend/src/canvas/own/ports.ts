/** An own block's ports: the free inputs and the output markers inside it. */

import type { Definition, GraphNode } from "../../wire";

export const OWN = "own.";
export const FREE_INPUT = "tensor_input.v1";
export const LATENT_INPUT = "latent_input.v1";
export const OUTPUT = "output.v1";
export const REPEAT = "repeat";
export const TRAINING = "training";
export const MOST_REPEATS = 100;

export function isOwn(kind: string): boolean {
  return kind.startsWith(OWN);
}

/** Each input port's name with the inner block behind it; a lone port is called "input". */
export function inputPorts(definition: Definition): Map<string, string> {
  return ports(definition, FREE_INPUT, "input");
}

/** Each output port's name with the inner block behind it; a lone port is called "output". */
export function outputPorts(definition: Definition): Map<string, string> {
  return ports(definition, OUTPUT, "output");
}

function ports(definition: Definition, kind: string, lone: string): Map<string, string> {
  const ids = definition.graph.nodes.filter((node) => node.kind === kind).map((node) => node.id);
  return new Map(ids.length === 1 ? [[lone, ids[0] as string]] : ids.map((id) => [id, id]));
}

/** Whether the block can be applied several times, one after the other. */
export function canRepeat(definition: Definition): boolean {
  return inputPorts(definition).size === 1 && outputPorts(definition).size === 1;
}

export function repeatsOf(node: GraphNode): number {
  const value = node.parameters[REPEAT] ?? 1;
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MOST_REPEATS ? value : 1;
}
