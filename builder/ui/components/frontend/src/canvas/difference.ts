/** How the blocks of this model differ from those of another one, where two are compared. */

import { createContext, useContext } from "react";
import type { DifferenceMark } from "../wire";

type DifferenceMarks = Readonly<Record<string, DifferenceMark>>;

export const NO_DIFFERENCE: DifferenceMarks = {};
export const DifferenceContext = createContext<DifferenceMarks>(NO_DIFFERENCE);

/** The mark of one block, if it differs. */
export function useDifference(id: string): DifferenceMark | undefined {
  return useContext(DifferenceContext)[id];
}
