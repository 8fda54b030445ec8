/** Drawing a connection by hand: which ports light up, what fits, and what happens where it is let go. */

import type { Connection as FlowConnection, FinalConnectionState, OnConnectStartParams } from "@xyflow/react";
import { useState, type Dispatch } from "react";
import type { Drawing } from "./BlockNode";
import { connecting, fittingSources, fittingTargets, refusal, type Connection, type Model } from "./connect";
import type { ShapedEdge } from "./FlowEdge";
import type { Wire } from "./place";
import type { Action } from "./reducer";

/** React Flow's handlers of connections; `letGo` is called where one ends on the empty canvas. */
export function useWiring(model: Model, dispatch: Dispatch<Action>, letGo: (x: number, y: number, wire: Wire) => void) {
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const onConnectStart = (_: unknown, { nodeId, handleId, handleType }: OnConnectStartParams) => {
    if (!nodeId || !handleId) return;
    const isFromOutput = handleType === "source";
    const fits = isFromOutput ? fittingTargets(model, nodeId, handleId) : fittingSources(model, nodeId, handleId);
    setDrawing({ loose: isFromOutput ? "target" : "source", fits });
  };
  const isValidConnection = (wire: FlowConnection | ShapedEdge) => refusal(model, asConnection(wire)) === null;
  const onConnect = (wire: FlowConnection) => dispatch({ type: "edit", edits: connecting(model, asConnection(wire)) });
  const onConnectEnd = (event: MouseEvent | TouchEvent, end: FinalConnectionState) => {
    setDrawing(null);
    const { fromHandle, toHandle, isValid } = end;
    if (!fromHandle || isValid) return;
    if (toHandle) {
      const isReversed = fromHandle.type === toHandle.type;
      const reason = isReversed ? "Connect an output to an input." : refusal(model, between(fromHandle, toHandle));
      dispatch({ type: "refuse", reason });
      return;
    }
    const point = "changedTouches" in event ? event.changedTouches[0] : event;
    const isEmpty = (event.target as Element | null)?.classList?.contains("react-flow__pane");
    if (point && isEmpty)
      letGo(point.clientX, point.clientY, { id: fromHandle.nodeId, port: fromHandle.id ?? "output", from: fromHandle.type });
  };
  return { drawing, handlers: { onConnectStart, onConnect, onConnectEnd, isValidConnection } };
}

interface Port {
  readonly nodeId: string;
  readonly id?: string | null;
  readonly type: "source" | "target";
}

/** The connection between two ports, of which either may be the output. */
export function between(one: Port, other: Port): Connection {
  const [out, into] = one.type === "source" ? [one, other] : [other, one];
  return asConnection({ source: out.nodeId, sourceHandle: out.id ?? null, target: into.nodeId, targetHandle: into.id ?? null });
}

function asConnection(wire: { source: string; sourceHandle?: string | null; target: string; targetHandle?: string | null }): Connection {
  return {
    source: wire.source,
    sourcePort: wire.sourceHandle ?? "output",
    target: wire.target,
    targetPort: wire.targetHandle ?? "input",
  };
}
