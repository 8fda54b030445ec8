/** The editor's tie to the preview: a store that follows the model and is there whichever tab is shown. */

import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import type { CanvasData, GraphDocument } from "../../wire";
import type { BlockPreview } from "./answer";
import { PreviewStore, START, type PreviewState } from "./store";

/** The preview of the model in the editor. */
export const PreviewContext = createContext<PreviewStore | null>(null);

/** Let the preview follow the model while the editor is there. */
export function usePreview({ inferUrl, token, projectId }: CanvasData, document: GraphDocument): PreviewStore {
  const store = useMemo(
    () => new PreviewStore({ url: inferUrl.replace(/infer$/, "preview"), token, projectId }),
    [inferUrl, token, projectId],
  );
  useEffect(() => store.follow(document), [store, document]);
  useEffect(() => {
    store.resume();
    return () => store.close();
  }, [store]);
  return store;
}

export function usePreviewState(store: PreviewStore | null): PreviewState {
  return useSyncExternalStore(store?.subscribe ?? nobody, store?.snapshot ?? nothing);
}

/** What is known of one block; undefined while the preview is off or has not come to it. */
export function useBlockPreview(id: string): BlockPreview | undefined {
  const store = useContext(PreviewContext);
  return useSyncExternalStore(store?.subscribe ?? nobody, () => {
    const state = store?.snapshot();
    return state?.isOn ? state.blocks[id] : undefined;
  });
}

const nobody = () => () => undefined;
const nothing = () => START;
