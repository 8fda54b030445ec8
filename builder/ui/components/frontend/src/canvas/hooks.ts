/** The editor's ties to the outside: the catalogue, Python's answers, and keeping the document. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type Dispatch, type RefObject } from "react";
import { TOKEN_HEADER, type CanvasData, type CanvasState, type CatalogueAnswer } from "../wire";
import type { Catalogue } from "./connect";
import { differsInMeaning } from "./document";
import { InferClient, type InferStatus } from "./infer";
import { Keeper } from "./keep";
import type { Action, EditorState } from "./reducer";

const SETTLED_MS = 500;
const NO_BLOCKS: Catalogue = new Map();

export function useCatalogue(url: string, token: string) {
  const [catalogue, setCatalogue] = useState<Catalogue>(NO_BLOCKS);
  const [hasFailed, setHasFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const request = new AbortController();
    fetch(url, { headers: { [TOKEN_HEADER]: token }, signal: request.signal })
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`status ${response.status}`))))
      .then((answer: CatalogueAnswer) => {
        setCatalogue(new Map(answer.blocks.map((block) => [block.kind, block])));
        setHasFailed(false);
      })
      .catch(() => {
        if (request.signal.aborted) return;
        setHasFailed(true);
        setTimeout(() => setAttempt((count) => count + 1), 2000);
      });
    return () => request.abort();
  }, [url, token, attempt]);
  return { catalogue, hasFailed };
}

/** Ask for shapes and problems after each change of meaning; return what is known. */
export function useInfer({ inferUrl: url, token, projectId }: CanvasData, state: EditorState) {
  const [status, setStatus] = useState<InferStatus>({ answer: null, isSlow: false, failure: null });
  const client = useMemo(() => new InferClient({ url, token, projectId, onStatus: setStatus }), [url, token, projectId]);
  const asked = useRef<{ client: InferClient; document: EditorState["document"] } | null>(null);
  useEffect(() => {
    const isNew = asked.current?.client !== client || differsInMeaning(asked.current.document, state.document);
    asked.current = { client, document: state.document };
    if (isNew) client.ask(state.rev, state.document);
  }, [client, state.document, state.rev]);
  useEffect(() => {
    const retry = () => client.retry();
    window.addEventListener("online", retry);
    return () => {
      window.removeEventListener("online", retry);
      client.close();
      asked.current = null;
    };
  }, [client]);
  return status;
}

/** Take the document that Python sends as another version, or keep the one that is here where Python has no newer one. */
export function useVersions({ document, docVersion, projectId, revision }: CanvasData, state: EditorState, dispatch: Dispatch<Action>): void {
  const seen = useRef({ projectId, revision });
  useEffect(() => {
    if (docVersion !== state.docVersion)
      dispatch(isNewer(seen.current, { projectId, revision }) ? { type: "load", document, docVersion } : { type: "adopt", docVersion });
    seen.current = { projectId, revision };
  }, [docVersion, projectId, revision]);
}

type Seen = Pick<CanvasData, "projectId" | "revision">;

/** Whether the document that Python has now is another one than when the canvas last heard of it. */
export function isNewer(before: Seen, now: Seen): boolean {
  return now.revision === null || now.revision !== before.revision || now.projectId !== before.projectId;
}

/** Keep the document with Python: debounced, and at once when the person leaves. */
export function useKeeping(state: EditorState, send: (state: CanvasState) => void, registerFlush: (flush: () => void) => void) {
  const keeper = useMemo(() => new Keeper(send), []);
  keeper.send = send;
  const kept = useRef(state.document);
  const version = useRef(state.docVersion);
  const loads = useRef(state.loads);
  const flush = useCallback(() => keeper.flush(), [keeper]);
  useEffect(() => {
    const isAsKept = kept.current === state.document && version.current === state.docVersion;
    const isLoaded = loads.current !== state.loads;
    kept.current = state.document;
    version.current = state.docVersion;
    loads.current = state.loads;
    if (isLoaded) {
      keeper.drop();
    } else if (!isAsKept) {
      keeper.keep({ rev: state.rev, docVersion: state.docVersion, document: state.document });
    }
  }, [keeper, state]);
  useEffect(() => {
    registerFlush(flush);
    const leave = () => document.visibilityState === "hidden" && flush();
    window.addEventListener("pagehide", flush);
    window.addEventListener("blur", flush);
    // Before any click is handled: a button of the page must find the latest document, and must not be
    // overtaken by it, because Python gives up a run of the page for a newer one.
    window.addEventListener("pointerdown", flush, true);
    document.addEventListener("visibilitychange", leave);
    return () => {
      window.removeEventListener("pagehide", flush);
      window.removeEventListener("blur", flush);
      window.removeEventListener("pointerdown", flush, true);
      document.removeEventListener("visibilitychange", leave);
      flush();
    };
  }, [flush, registerFlush]);
  return flush;
}

/** A function that stays the same one for ever and does what the newest `act` does. */
export function useStable<A extends readonly unknown[], R>(act: (...given: A) => R): (...given: A) => R {
  const newest = useRef(act);
  newest.current = act;
  return useCallback((...given: A) => newest.current(...given), []);
}

const LEAST_HEIGHT = 460;
const BELOW = 16;

/** The editor's height in pixels: the given one, or all that the window leaves below the editor's top. */
export function useHeight(root: RefObject<HTMLElement | null>, given: number | null): number {
  const [free, setFree] = useState(LEAST_HEIGHT);
  useLayoutEffect(() => {
    const measure = () => {
      const top = Math.max(0, root.current?.getBoundingClientRect().top ?? 0);
      setFree(Math.max(LEAST_HEIGHT, Math.round(window.innerHeight - top - BELOW)));
    };
    measure();
    // The page's own parts come one after the other and push the editor down.
    const changes = new ResizeObserver(measure);
    changes.observe(document.body);
    const settled = setTimeout(measure, SETTLED_MS);
    window.addEventListener("resize", measure);
    return () => {
      changes.disconnect();
      clearTimeout(settled);
      window.removeEventListener("resize", measure);
    };
  }, [root]);
  return given ?? free;
}
