/** A connection with the shape of what flows along it. */

import { BaseEdge, EdgeLabelRenderer, getBezierPath, type Edge, type EdgeProps } from "@xyflow/react";
import { memo, useContext } from "react";
import { FarContext } from "./far/context";

export type FlowEdgeData = { readonly shape: string; readonly isTarget: boolean };
export type ShapedEdge = Edge<FlowEdgeData, "flow">;

export const FlowEdge = memo(function FlowEdge(props: EdgeProps<ShapedEdge>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, selected } = props;
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const isFar = useContext(FarContext);
  const state = `${selected ? " kb-selected" : ""}${data?.isTarget ? " kb-edge-target" : ""}`;
  return (
    <>
      <BaseEdge path={path} className={`kb-edge${state}`} interactionWidth={26} />
      {data?.shape && !isFar && (
        <EdgeLabelRenderer>
          <span className={`kb-shape${state}`} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {data.shape}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
