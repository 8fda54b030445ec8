import { describe, expect, it } from "vitest";
import { placed } from "../src/canvas/expansion";
import { PICTURE_NAMES } from "../src/canvas/pictures";
import { BLOCKS, block } from "./helpers";

describe("the drawings", () => {
  it("are there for every name that a block gives", () => {
    const named = BLOCKS.map(({ picture }) => picture ?? "").filter(Boolean);
    expect(named.filter((name) => !PICTURE_NAMES.includes(name))).toEqual([]);
  });

  it("are each used by some block", () => {
    const named = new Set(BLOCKS.map(({ picture }) => picture));
    expect(PICTURE_NAMES.filter((name) => !named.has(name))).toEqual([]);
  });

  it("leave no block without a drawing or a diagram", () => {
    const plain = BLOCKS.filter(({ picture, expansion }) => !picture && !expansion?.length).map(({ kind }) => kind);
    expect(plain.filter((kind) => !["imported_layer.v1", "operation.v1"].includes(kind))).toEqual([]);
  });
});

describe("the diagram of a composite", () => {
  it("has each layer below what it reads, without overlaps", () => {
    const layers = block("residual_block.v1").expansion ?? [];
    const { boxes, lines } = placed(layers);
    expect(boxes.filter(({ isPort }) => !isPort)).toHaveLength(layers.length);
    expect(new Set(boxes.map(({ at }) => at.join(" "))).size).toBe(boxes.length);
    for (const { from, to } of lines) expect(to[1]).toBeGreaterThan(from[1]);
  });

  it("can be placed for every composite", () => {
    for (const each of BLOCKS) {
      if (!each.expansion?.length) continue;
      const { boxes, width, height } = placed(each.expansion);
      for (const { at } of boxes) {
        expect(at[0]).toBeGreaterThanOrEqual(0);
        expect(at[0]).toBeLessThan(width);
        expect(at[1]).toBeLessThan(height);
      }
    }
  });
});
