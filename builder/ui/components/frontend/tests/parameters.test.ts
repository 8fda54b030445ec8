import { describe, expect, it } from "vitest";
import { general, inShort, parsed } from "../src/canvas/parameters";
import { found } from "../src/canvas/search";
import { shapeWords, shortCount } from "../src/canvas/words";
import { block, BLOCKS } from "./helpers";

const parameter = (kind: string, name: string) => {
  const declaration = block(kind).parameters.find((candidate) => candidate.name === name);
  if (!declaration) throw new Error(`${kind} has no ${name}`);
  return declaration;
};

describe("what a person types", () => {
  it("becomes the value it stands for", () => {
    expect(parsed(parameter("dense.v1", "units"), " 64 ")).toBe(64);
    expect(parsed(parameter("conv2d.v1", "kernel_size"), "(3, 5)")).toEqual([3, 5]);
    expect(parsed(parameter("conv2d.v1", "kernel_size"), "3×3")).toEqual([3, 3]);
    expect(parsed(parameter("conv2d.v1", "kernel_size"), "9")).toEqual([9, 9]);
    expect(parsed(parameter("max_pooling2d.v1", "strides"), "2")).toEqual([2, 2]);
    expect(parsed(parameter("reshape.v1", "target_shape"), "49")).toEqual([49]);
    expect(parsed(parameter("dense.v1", "kernel_regularizer"), "")).toBeNull();
    expect(parsed(parameter("classification_head.v1", "units"), "Auto")).toBe("auto");
  });

  it("is kept as it is where it stands for none", () => {
    expect(parsed(parameter("dense.v1", "units"), "many")).toBe("many");
    expect(parsed(parameter("dense.v1", "units"), "")).toBe("");
  });
});

describe("a block in short", () => {
  it("tells its key settings", () => {
    expect(inShort(block("conv2d.v1"), { filters: 64, activation: "relu" })).toBe("64 filters · 3×3 · relu");
    expect(inShort(block("conv2d.v1"), { strides: [2, 2] })).toBe("32 filters · 3×3 · stride 2×2");
    expect(inShort(block("dropout.v1"), { rate: 0.25 })).toBe("25 %");
    expect(inShort(block("flatten.v1"), {})).toBe("");
    expect(inShort(block("input.v1"), {})).toBe("");
  });

  it("can be told for every kind, from its defaults", () => {
    for (const each of BLOCKS) expect(inShort(each, {})).not.toMatch(/undefined|NaN|null/);
  });
});

describe("numbers", () => {
  it("are written as Python's general format writes them", () => {
    expect([0, 1, 0.5, 1e-5, 1234567, 1e6, 123456].map(general)).toEqual(["0", "1", "0.5", "1e-05", "1.23457e+06", "1e+06", "123456"]);
  });

  it("are short on blocks and exact elsewhere", () => {
    expect([320, 18_496, 402_653_184].map(shortCount)).toEqual(["320", "18.5k", "403M"]);
    expect(shapeWords([null, 28, 28, 32])).toBe("28×28×32");
    expect(shapeWords([null, null, 64])).toBe("?×64");
  });
});

describe("the search", () => {
  it("puts names that begin with the word first", () => {
    expect(found(BLOCKS, "conv").slice(0, 2).map((each) => each.label)).toEqual(["Conv1D", "Conv2D"]);
    expect(found(BLOCKS, "max pool").map((each) => each.kind)).toContain("max_pooling2d.v1");
    expect(found(BLOCKS, "globalmax")[0]?.kind).toBe("global_max_pooling1d.v1");
  });

  it("finds nothing for nonsense and everything for nothing", () => {
    expect(found(BLOCKS, "qqqq")).toEqual([]);
    expect(found(BLOCKS, " ")).toEqual(BLOCKS);
  });
});
