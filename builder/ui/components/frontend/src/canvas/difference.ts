/** How the blocks of this model differ from those of another one, where two are compared. */

import { createContext, useContext } from "react";
import type { DifferenceMark } from "../wire";

type DifferenceMarks = Readonly<Record<string, DifferenceMark>>;

export const NO_DIFFERENCE: DifferenceMarks = {};
export const DifferenceContext = createContext<DifferenceMarks>(NO_DIFFERENCE);

const ORDER: readonly DifferenceMark[] = ["costly", "removed", "added", "changed", "renamed"];

/** How many of these blocks have each mark, the weightiest first; empty where none differs. */
export function differencesOf(marks: DifferenceMarks, ids: readonly string[]): readonly (readonly [DifferenceMark, number])[] {
  const counts = ORDER.map((mark) => [mark, ids.filter((id) => marks[id] === mark).length] as const);
  return counts.filter(([, count]) => count > 0);
}

/** The mark of one block, if it differs. */
export function useDifference(id: string): DifferenceMark | undefined {
  return useContext(DifferenceContext)[id];
}
