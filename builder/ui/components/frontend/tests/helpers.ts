import { readFileSync } from "node:fs";
import type { Catalogue, Model } from "../src/canvas/connect";
import type { BlockDeclaration, CatalogueAnswer, Flow, GraphDocument, NodeFacts } from "../src/wire";
import { freeze } from "../src/canvas/document";

/** The catalogue that Python writes and the product serves. */
const answer = JSON.parse(
  readFileSync(new URL("../../../../blocks/catalogue.json", import.meta.url), "utf-8"),
) as CatalogueAnswer;

export const BLOCKS = answer.blocks;
export const CATALOGUE: Catalogue = new Map(BLOCKS.map((block) => [block.kind, block]));

export function block(kind: string): BlockDeclaration {
  const found = CATALOGUE.get(kind);
  if (!found) throw new Error(`${kind} is not in the catalogue`);
  return found;
}

export function chain(...kinds: [id: string, kind: string][]): GraphDocument {
  const nodes = kinds.map(([id, kind], index) => ({ id, kind, parameters: {}, position: [0, 130 * index] as const }));
  const edges = nodes.slice(1).map((node, index) => ({
    source: (nodes[index] as { id: string }).id,
    source_port: "output",
    target: node.id,
    target_port: block(node.kind).inputs[0]?.name ?? "input",
  }));
  return freeze({ nodes, edges });
}

export function modelOf(document: GraphDocument, flows: Record<string, Flow> = {}): Model {
  const facts = Object.entries(flows).map(([id, flow]): [string, NodeFacts] => [id, { shape: [null], flow, parameters: 0 }]);
  return { document, catalogue: CATALOGUE, facts: Object.fromEntries(facts) };
}
