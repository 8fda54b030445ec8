/** Where the person looks: the view that a model opens with, and every journey of it. */

import { useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { gliding } from "./motion";
import { NODE_HEIGHT, NODE_WIDTH } from "./place";

const COMFORTABLE_ZOOM = 0.8;
const FIT = { padding: 0.12, maxZoom: 1 };
const GLIDE_MS = 250;
const ZOOM_MS = 120;
// React Flow hears of a new size a frame later.
const SETTLE_MS = 40;

interface Shown {
  /** What is shown: which document that Python has sent, and the own blocks that are open. */
  readonly place: string;
  /** Whether two models stand side by side. */
  readonly isCompared: boolean;
  readonly areMeasured: boolean;
  readonly isAnswered: boolean;
}

/** Bring each new place into view once its blocks are measured, unless the person has begun to look about. */
export function useView(paneRef: RefObject<HTMLElement | null>, { place, isCompared, areMeasured, isAnswered }: Shown) {
  const flow = useReactFlow();
  const wantedRef = useRef<readonly string[] | null>(null);
  const handsOnRef = useRef<string | null>(null);
  const [settled, setSettled] = useState<string | null>(null);

  const home = useCallback(() => {
    const pane = paneRef.current?.getBoundingClientRect();
    const shown = flow.getNodes();
    if (!pane || shown.length === 0) return;
    const { x, y, width, height } = flow.getNodesBounds(shown);
    const zoom = Math.min(1, (pane.width - 60) / width, (pane.height - 60) / height);
    // What differs may lie anywhere: where models are compared, the whole of each is shown.
    if (zoom >= COMFORTABLE_ZOOM || isCompared) void flow.fitView({ padding: 0.05, maxZoom: 1 });
    else
      void flow.setViewport({
        zoom: COMFORTABLE_ZOOM,
        x: pane.width / 2 - (x + width / 2) * COMFORTABLE_ZOOM,
        y: 28 - y * COMFORTABLE_ZOOM,
      });
  }, [flow, paneRef, isCompared]);

  /** Bring the first of these blocks into view if it is not seen whole. */
  const reveal = useCallback((ids: readonly string[]) => {
    requestAnimationFrame(() => {
      const pane = paneRef.current?.getBoundingClientRect();
      const node = flow.getNode(ids[0] ?? "");
      if (!pane || !node) return;
      const { x, y, zoom } = flow.getViewport();
      const [left, top] = [node.position.x * zoom + x, node.position.y * zoom + y];
      const isSeen = left > 0 && top > 0 && left + NODE_WIDTH * zoom < pane.width && top + NODE_HEIGHT * zoom < pane.height;
      if (!isSeen)
        void flow.setCenter(node.position.x + NODE_WIDTH / 2, node.position.y + NODE_HEIGHT / 2, { zoom, ...gliding(GLIDE_MS) });
    });
  }, [flow, paneRef]);

  useEffect(() => {
    // The first answer may open the list of problems, which leaves less room.
    if (!areMeasured) return;
    const timer = setTimeout(() => {
      // Whoever has begun to work here keeps the view.
      if (handsOnRef.current !== place) home();
      if (wantedRef.current) reveal(wantedRef.current);
      wantedRef.current = null;
      if (isAnswered) setSettled(place);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [areMeasured, isAnswered, place, home, reveal]);

  return {
    isSettled: settled === place,
    reveal,
    /** Bring blocks into view once the place that is being opened is drawn. */
    revealNext: (ids: readonly string[]) => {
      wantedRef.current = ids;
    },
    /** From now on the view of this place is the person's. */
    layHandsOn: () => {
      handsOnRef.current = place;
    },
    fit: (ids?: readonly string[]) =>
      void flow.fitView({ ...FIT, ...gliding(GLIDE_MS), ...(ids && { nodes: ids.map((id) => ({ id })) }) }),
    zoomIn: () => void flow.zoomIn(gliding(ZOOM_MS)),
    zoomOut: () => void flow.zoomOut(gliding(ZOOM_MS)),
  };
}
