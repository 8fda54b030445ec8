/** What each panel beside the canvas is given. */

import type { CanvasData, InferAnswer } from "../wire";
import type { Model } from "./connect";

/** `model`, `answer` and `selection` are of the whole project, also while an own block is open. */
export interface PanelProps {
  readonly data: CanvasData;
  readonly model: Model;
  readonly answer: InferAnswer | null;
  /** The ids of the selected blocks. */
  readonly selection: readonly string[];
  /** Select these blocks and bring them into sight. */
  readonly select: (ids: readonly string[]) => void;
}
