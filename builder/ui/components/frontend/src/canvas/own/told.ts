/** What Python's answer says of the graph that is shown: the model, or the inside of an own block. */

import type { InferAnswer, Problem } from "../../wire";
import type { Inside } from "./inside";

/** The answer as it concerns the open own block; null where the block is not used, so that nothing flows through it. */
export function answerInside(told: InferAnswer | null, inside: Inside): InferAnswer | null {
  const kind = inside.at(-1);
  if (told === null || kind === undefined) return told;
  const facts = told.inside?.[kind];
  if (!facts) return null;
  const parameters = Object.values(facts.nodes).reduce((sum, node) => sum + (node.parameters ?? 0), 0);
  return { rev: told.rev, nodes: facts.nodes, problems: facts.problems, summary: { parameters } };
}

/** The block of the model through which the open own block is seen. */
export function useOf(told: InferAnswer | null, inside: Inside): string | undefined {
  return told?.inside?.[inside.at(-1) ?? ""]?.use;
}

/** The problems to list: those of the open own block first, told of its inner blocks, then those of the rest of the model. */
export function listedProblems(told: InferAnswer | null, inside: Inside): readonly Problem[] {
  const here = answerInside(told, inside)?.problems ?? [];
  if (inside.length === 0 || here.length === 0) return told?.problems ?? [];
  const use = useOf(told, inside);
  return [...here, ...(told?.problems ?? []).filter((problem) => problem.block !== use)];
}
