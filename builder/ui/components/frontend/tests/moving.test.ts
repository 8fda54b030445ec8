import type { NodeChange } from "@xyflow/react";
import { describe, expect, it } from "vitest";
import type { BlockFlowNode } from "../src/canvas/BlockNode";
import { edited } from "../src/canvas/document";
import type { SceneNode } from "../src/canvas/far/places";
import { frameNodes, type FrameFlowNode } from "../src/canvas/frames";
import { folding } from "../src/canvas/groups";
import { movingHandlers } from "../src/canvas/moving";
import { initialState, reducer } from "../src/canvas/reducer";
import { placesOf } from "../src/canvas/scene";
import { flowNodes } from "../src/canvas/views";
import { CATALOGUE, chain, modelOf } from "./helpers";

const GROUPED = edited(chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"]), [
  {
    op: "set_groups",
    groups: [
      { id: "inner", title: "", nodes: ["flatten", "dense"], collapsed: false },
      { id: "outer", title: "", nodes: ["input", "flatten", "dense"], collapsed: false },
    ],
  },
]);

/** The canvas while things are dragged: what is drawn after each step, and the document at the end. */
function dragging(ids: readonly string[], steps: readonly number[]) {
  let state = initialState(GROUPED, 1);
  let nodes: BlockFlowNode[] = flowNodes([], GROUPED, CATALOGUE, null, []);
  const framesNow = (): FrameFlowNode[] => frameNodes(state.document, folding(state.document), placesOf(nodes), [], new Map());
  const start = new Map([...nodes, ...framesNow()].map(({ id, position }) => [id, position]));
  const aim = { aimed: () => undefined, at: () => undefined, edgeBelow: () => null };
  const move = (by: number, isDragged: boolean) => {
    const changes = ids.map((id): NodeChange<SceneNode> => {
      const { x, y } = start.get(id) as { x: number; y: number };
      return { id, type: "position", position: { x: x + by, y }, dragging: isDragged };
    });
    const setNodes = (change: BlockFlowNode[] | ((before: BlockFlowNode[]) => BlockFlowNode[])) =>
      void (nodes = typeof change === "function" ? change(nodes) : change);
    const handlers = movingHandlers({
      model: modelOf(state.document),
      nodes,
      frames: framesNow(),
      aim,
      setNodes,
      setNotes: () => undefined,
      dispatch: (action) => void (state = reducer(state, action)),
    });
    handlers.onNodesChange(changes);
    return nodes.map(({ position }) => position.x);
  };
  const seen = steps.map((by) => move(by, true));
  move(steps.at(-1) ?? 0, false);
  return { seen, places: state.document.nodes.map(({ position }) => position[0]) };
}

describe("a drag", () => {
  it("of a frame takes its blocks along", () => {
    expect(dragging(["group:outer"], [10, 30])).toEqual({ seen: [[10, 10, 10], [30, 30, 30]], places: [30, 30, 30] });
  });

  it("of a frame and of its blocks moves each block once", () => {
    expect(dragging(["group:inner", "flatten", "dense"], [10, 30])).toEqual({ seen: [[0, 10, 10], [0, 30, 30]], places: [0, 30, 30] });
  });

  it("of a frame and of a frame within it moves each block once", () => {
    expect(dragging(["group:outer", "group:inner"], [10, 30])).toEqual({ seen: [[10, 10, 10], [30, 30, 30]], places: [30, 30, 30] });
  });
});
