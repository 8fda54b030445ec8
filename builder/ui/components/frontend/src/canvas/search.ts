/** Finding a block by what a person types. */

import type { BlockDeclaration } from "../wire";

/** Blocks that match every word, best first; all of them, in catalogue order, for an empty search. */
export function found(blocks: readonly BlockDeclaration[], text: string): BlockDeclaration[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return blocks
    .map((block, index) => ({ block, index, rank: Math.max(0, ...words.map((word) => rank(block, word))) }))
    .filter(({ rank }) => rank < MISS)
    .sort((one, other) => one.rank - other.rank || one.index - other.index)
    .map(({ block }) => block);
}

const MISS = 5;

function rank(block: BlockDeclaration, word: string): number {
  const label = block.label.toLowerCase();
  const compact = label.replace(/[\s_-]/g, "");
  if (label.startsWith(word) || compact.startsWith(word)) return 0;
  if (label.split(/\s+/).some((part) => part.startsWith(word))) return 1;
  if (label.includes(word) || block.kind.includes(word)) return 2;
  if (block.category.toLowerCase().includes(word)) return 3;
  return block.summary.toLowerCase().includes(word) ? 4 : MISS;
}

export function byCategory(blocks: readonly BlockDeclaration[]): [string, BlockDeclaration[]][] {
  const groups = new Map<string, BlockDeclaration[]>();
  for (const block of blocks) groups.set(block.category, [...(groups.get(block.category) ?? []), block]);
  return [...groups];
}
