/** Copying blocks and pasting them, also into another project or window. */

import type { Dispatch } from "react";
import { flushSync } from "react-dom";
import type { GraphDocument } from "../wire";
import { clipFrom, clipText, copied, isEmpty, isMeantAsClip, ownKinds, pasting, type Clip } from "./clip";
import type { Model } from "./connect";
import { mayStandIn } from "./own/make";
import type { Change } from "./place";
import type { Action, Selection } from "./reducer";

const PASTE_STEP = 30;

/** What was copied; it outlives one project, so that blocks can be taken along to another. */
let clipboard: { clip: Clip; pasted: number } | null = null;

/** Where blocks are copied from and pasted to, as it is at that moment. */
export interface Workplace {
  readonly model: Model;
  readonly selection: Selection;
  /** The own block that is open, and all there are. */
  readonly open: string | undefined;
  readonly definitions: GraphDocument["definitions"];
  /** How many characters a note or a title may have. */
  readonly longestText: number;
  readonly make: (change: Change) => void;
  readonly dispatch: Dispatch<Action>;
}

export function clipboardFor(now: () => Workplace) {
  const refuse = (reason: string) => now().dispatch({ type: "refuse", reason });
  const insert = (clip: Clip, times: number, isConnected = false) => {
    if (isEmpty(clip)) return;
    const { model, open, definitions, make } = now();
    const misplaced = ownKinds(clip).find((kind) => !mayStandIn(kind, open, { ...definitions, ...clip.definitions }));
    if (misplaced) refuse("An own block cannot be put into itself.");
    // At once: what is pasted next takes names that are free then.
    else flushSync(() => make(pasting(model, clip, [PASTE_STEP * times, PASTE_STEP * times], isConnected)));
  };
  const selected = () => copied(now().model.document, now().selection);
  return {
    copy: () => {
      const clip = selected();
      if (isEmpty(clip)) return;
      clipboard = { clip, pasted: 0 };
      // Other windows and projects paste from the system's clipboard, where the browser allows it.
      void navigator.clipboard?.writeText(clipText(clip)).catch(() => undefined);
    },
    paste: async (isConnected: boolean) => {
      const text = await navigator.clipboard?.readText().catch(() => "");
      const foreign = text ? clipFrom(text, now().longestText) : null;
      if (foreign && (!clipboard || clipText(clipboard.clip) !== clipText(foreign))) clipboard = { clip: foreign, pasted: 0 };
      if (text && !foreign && isMeantAsClip(text)) return refuse("The blocks on the clipboard are cut off or changed, so they were not pasted. Copy them again.");
      if (!clipboard) return refuse("No blocks were copied yet. Select some and press Ctrl+C.");
      clipboard.pasted += 1;
      insert(clipboard.clip, clipboard.pasted, isConnected);
    },
    duplicate: () => insert(selected(), 1),
  };
}
