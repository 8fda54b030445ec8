import { describe, expect, it } from "vitest";
import { edited } from "../src/canvas/document";
import { declaration } from "../src/canvas/own/declare";
import { exposable, making } from "../src/canvas/own/make";
import type { Definition } from "../src/wire";
import { CATALOGUE, chain, modelOf } from "./helpers";

describe("making a block of an own block", () => {
  it("shows the inner one's repeats beside its own, under a name of their own", () => {
    const plain = chain(["input", "input.v1"], ["dense", "dense.v1"], ["head", "dense.v1"]);
    const own = edited(plain, making(modelOf(plain), ["dense"], { name: "pair", label: "Pair", exposed: [], repeat: 3 }).edits);
    const definition = own.definitions?.["own.pair"] as Definition;
    const pair = declaration("own.pair", { "own.pair": definition }, CATALOGUE);
    const model = { ...modelOf(own), catalogue: new Map([...CATALOGUE, [pair.kind, pair]]) };
    const exposed = exposable(model, ["pair"]).filter(({ isSet }) => isSet);
    const made = edited(own, making(model, ["pair"], { name: "outer", label: "Outer", exposed, repeat: 1 }).edits);
    const { parameters } = declaration("own.outer", made.definitions ?? {}, CATALOGUE);
    expect(parameters.map(({ name, default: value }) => [name, value])).toEqual([["pair_repeat", 3], ["repeat", 1]]);
  });
});

describe("an own block's form", () => {
  it("says whether a model inside it runs as in training, as Python's declaration does", () => {
    const graph = chain(["inner", "dense.v1"]);
    const names = (nested_model: boolean) =>
      declaration("own.stage", { "own.stage": { label: "Stage", summary: "", graph, exposed: [], nested_model } }, CATALOGUE).parameters.map(({ name }) => name);
    expect(names(true)).toEqual(["training"]);
    expect(names(false)).toEqual([]);
  });
});
