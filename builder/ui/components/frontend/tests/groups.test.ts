import { describe, expect, it } from "vitest";
import { edited } from "../src/canvas/document";
import { differencesOf } from "../src/canvas/difference";
import { frameNodes } from "../src/canvas/frames";
import { folding, unhiding } from "../src/canvas/groups";
import { placesOf } from "../src/canvas/scene";
import { flowNodes } from "../src/canvas/views";
import { neighbour, nextInOrder } from "../src/canvas/walk";
import type { Problem } from "../src/wire";
import { CATALOGUE, chain } from "./helpers";

const group = (id: string, collapsed: boolean, ...nodes: string[]) => ({ id, title: id, nodes, collapsed });
const FOLDED = edited(chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"], ["output", "dense.v1"]), [
  { op: "set_groups", groups: [group("outer", true, "flatten", "dense"), group("inner", true, "dense"), group("other", true, "input")] },
]);

describe("a folded group", () => {
  it("is unfolded for a block in it, as is every group around the block, and no other", () => {
    const { groups } = edited(FOLDED, unhiding(FOLDED, ["dense"]));
    expect(groups?.map(({ collapsed }) => collapsed)).toEqual([false, false, true]);
    expect(unhiding(FOLDED, ["output"])).toEqual([]);
  });

  it("tells what is wrong with the blocks that it hides", () => {
    const problem: Problem = { code: "bad", message: "Bad.", severity: "error", block: "dense", field: null, repair: null };
    const nodes = flowNodes([], FOLDED, CATALOGUE, null, []);
    const frames = frameNodes(FOLDED, folding(FOLDED), placesOf(nodes), [], new Map([["dense", [problem]]]));
    expect(frames.map(({ id, data }) => [id, data.problems])).toEqual([
      ["group:outer", [problem]],
      ["group:other", []],
    ]);
  });

  it("tells how the blocks that it hides differ from those of another model", () => {
    const marks = { flatten: "changed", dense: "changed", output: "added", input: "removed" } as const;
    expect(differencesOf(marks, ["input", "flatten", "dense"])).toEqual([
      ["removed", 1],
      ["changed", 2],
    ]);
    expect(differencesOf(marks, [])).toEqual([]);
  });

  it("is passed over by the keys that walk from block to block", () => {
    const open = edited(FOLDED, unhiding(FOLDED, ["input"]));
    expect(nextInOrder(open, "input", 1)).toBe("output");
    expect(nextInOrder(open, "output", -1)).toBe("input");
    expect(neighbour(open, "input", "down")).toBe("output");
  });
});
