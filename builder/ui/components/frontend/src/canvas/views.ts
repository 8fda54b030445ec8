/** From the document and Python's answer to what React Flow draws. What did not change keeps its identity. */

import type { GraphDocument, InferAnswer, Problem } from "../wire";
import type { BlockFlowNode, BlockView } from "./BlockNode";
import type { Catalogue } from "./connect";
import { edgeId } from "./document";
import type { ShapedEdge } from "./FlowEdge";
import { inShort } from "./parameters";
import { factsOf, outputsOf } from "./ports";
import { shapeWords } from "./words";

export function problemsByBlock(problems: readonly Problem[]): Map<string, Problem[]> {
  const byBlock = new Map<string, Problem[]>();
  for (const problem of problems)
    if (problem.block !== null) byBlock.set(problem.block, [...(byBlock.get(problem.block) ?? []), problem]);
  return byBlock;
}

export function flowNodes(
  before: readonly BlockFlowNode[],
  document: GraphDocument,
  catalogue: Catalogue,
  answer: InferAnswer | null,
  selected: readonly string[],
): BlockFlowNode[] {
  // Without the catalogue no ports are known, and React Flow measures a block's ports only once.
  if (catalogue.size === 0) return [];
  const old = new Map(before.map((node) => [node.id, node]));
  const chosen = new Set(selected);
  const problems = problemsByBlock(answer?.problems ?? []);
  return document.nodes.map((node) => {
    const block = catalogue.get(node.kind);
    const view: BlockView = {
      kind: node.kind,
      block,
      short: block ? inShort(block, node.parameters) : "",
      parameters: answer?.nodes[node.id]?.parameters ?? null,
      problems: problems.get(node.id) ?? [],
      outputs: outputsOf(block, node.parameters),
      isFrozen: node.frozen ?? false,
    };
    const known = old.get(node.id);
    const data = known && isSameView(known.data, view) ? known.data : view;
    const [x, y] = node.position;
    const isSelected = chosen.has(node.id);
    const stays = known?.data === data && known.selected === isSelected;
    if (known && stays && known.position.x === x && known.position.y === y) return known;
    const label = `${block?.label ?? node.kind}, named ${node.id}. ${view.short}`;
    return { ...known, id: node.id, type: "block", position: { x, y }, selected: isSelected, data, ariaLabel: label };
  });
}

function isSameView(one: BlockView, other: BlockView): boolean {
  return (
    one.block === other.block &&
    one.short === other.short &&
    one.isFrozen === other.isFrozen &&
    JSON.stringify(one.outputs) === JSON.stringify(other.outputs) &&
    one.parameters === other.parameters &&
    JSON.stringify(one.problems) === JSON.stringify(other.problems)
  );
}

export function flowEdges(
  before: readonly ShapedEdge[],
  document: GraphDocument,
  answer: InferAnswer | null,
  selected: readonly string[],
  target: string | null,
): ShapedEdge[] {
  const old = new Map(before.map((edge) => [edge.id, edge]));
  const chosen = new Set(selected);
  const known = new Set(document.nodes.map((node) => node.id));
  return document.edges
    .filter((edge) => known.has(edge.source) && known.has(edge.target))
    .map((edge) => {
      const id = edgeId(edge);
      const shape = shapeWords(factsOf(answer?.nodes ?? {}, edge.source, edge.source_port)?.shape);
      const [isSelected, isTarget] = [chosen.has(id), id === target];
      const last = old.get(id);
      if (last && last.data?.shape === shape && last.data.isTarget === isTarget && last.selected === isSelected) return last;
      return {
        id,
        type: "flow",
        source: edge.source,
        sourceHandle: edge.source_port,
        target: edge.target,
        targetHandle: edge.target_port,
        selected: isSelected,
        ariaLabel: `Connection from ${edge.source} to ${edge.target}${shape && `, ${shape}`}`,
        data: { shape, isTarget },
      };
    });
}
