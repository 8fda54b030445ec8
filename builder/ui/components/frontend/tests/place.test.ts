import { describe, expect, it } from "vitest";
import { edited, moved } from "../src/canvas/document";
import { tidy } from "../src/canvas/layout";
import { copied, pasting } from "../src/canvas/clip";
import { adding, addingAfter, addingAtWire, insertingOn, NODE_HEIGHT, NODE_WIDTH, removing, threadingExisting, type Change } from "../src/canvas/place";
import type { GraphDocument } from "../src/wire";
import { block, chain, modelOf } from "./helpers";

const DOCUMENT = chain(["input", "input.v1"], ["conv2d", "conv2d.v1"], ["flatten", "flatten.v1"]);
const MODEL = modelOf(DOCUMENT, { input: "image", conv2d: "image", flatten: "vector" });
const done = (document: GraphDocument, { edits, positions }: Change) => moved(edited(document, edits), positions ?? {});
const wires = (document: GraphDocument) => document.edges.map((edge) => `${edge.source}>${edge.target}:${edge.target_port}`).sort();

function overlapping(document: GraphDocument): boolean {
  return document.nodes.some((one, index) =>
    document.nodes.slice(index + 1).some(
      (other) =>
        Math.abs(one.position[0] - other.position[0]) < NODE_WIDTH && Math.abs(one.position[1] - other.position[1]) < NODE_HEIGHT,
    ),
  );
}

describe("a new block", () => {
  it("gets a free name and a free place", () => {
    const after = done(DOCUMENT, adding(MODEL, block("conv2d.v1"), [0, 130]));
    expect(after.nodes.at(-1)?.id).toBe("conv2d_2");
    expect(overlapping(after)).toBe(false);
  });

  it("follows the selected one when it fits", () => {
    expect(wires(done(DOCUMENT, addingAfter(MODEL, block("dense.v1"), "flatten")))).toContain("flatten>dense:input");
  });

  it("goes between the selected one and its only reader, which makes room", () => {
    const after = done(DOCUMENT, addingAfter(MODEL, block("max_pooling2d.v1"), "conv2d"));
    expect(wires(after)).toEqual(["conv2d>max_pooling2d:input", "input>conv2d:input", "max_pooling2d>flatten:input"]);
    expect(overlapping(after)).toBe(false);
  });

  it("stays loose when it does not fit", () => {
    expect(wires(done(DOCUMENT, addingAfter(MODEL, block("lstm.v1"), "conv2d")))).toEqual(wires(DOCUMENT));
  });

  it("goes onto the connection on which it is dropped", () => {
    const after = done(DOCUMENT, insertingOn(MODEL, block("dropout.v1"), DOCUMENT.edges[0]!, [50, 60]));
    expect(wires(after)).toEqual(["conv2d>flatten:input", "dropout>conv2d:input", "input>dropout:input"]);
  });

  it("attends to its own input when it has two ports", () => {
    const text = chain(["input", "input.v1"], ["embedding", "embedding.v1"]);
    const after = done(text, addingAfter(modelOf(text, { embedding: "sequence" }), block("multi_head_attention.v1"), "embedding"));
    expect(wires(after)).toContain("embedding>multi_head_attention:query");
    expect(wires(after)).toContain("embedding>multi_head_attention:value");
  });

  it("takes up the loose end of a wire", () => {
    const wire = { id: "flatten", port: "output", from: "source" } as const;
    expect(wires(done(DOCUMENT, addingAtWire(MODEL, block("dense.v1"), [0, 400], wire)))).toContain("flatten>dense:input");
  });
});

describe("a block that is there", () => {
  it("can be dropped onto a connection only while it has none", () => {
    const loose = done(DOCUMENT, adding(MODEL, block("dropout.v1"), [300, 0]));
    expect(threadingExisting(modelOf(loose), "dropout", DOCUMENT.edges[1]!)).not.toBeNull();
    expect(threadingExisting(MODEL, "conv2d", DOCUMENT.edges[1]!)).toBeNull();
  });

  it("leaves no gap in a chain when it is removed", () => {
    expect(wires(edited(DOCUMENT, removing(MODEL, ["conv2d"], [])))).toEqual(["input>flatten:input"]);
  });
});

describe("a copy", () => {
  it("has new names and the connections among its blocks", () => {
    const clip = copied(DOCUMENT, { nodes: ["conv2d", "flatten"] });
    const after = done(DOCUMENT, pasting(MODEL, clip, [30, 30]));
    expect(after.nodes.map((node) => node.id)).toEqual(["input", "conv2d", "flatten", "conv2d_2", "flatten_2"]);
    expect(wires(after)).toContain("conv2d_2>flatten_2:input");
    expect(after.edges).toHaveLength(3);
  });
});

describe("the automatic layout", () => {
  it("puts each block below what it reads, without overlaps, on the grid", () => {
    const added = done(DOCUMENT, addingAfter(MODEL, block("add.v1"), "flatten"));
    const branch = edited(added, [{ op: "add_edge", edge: { source: "input", source_port: "output", target: "add", target_port: "inputs" } }]);
    const after = moved(branch, tidy(branch));
    const top = new Map(after.nodes.map((node) => [node.id, node.position[1]]));
    for (const edge of after.edges) expect(top.get(edge.source)!).toBeLessThan(top.get(edge.target)!);
    expect(overlapping(after)).toBe(false);
    expect(after.nodes.flatMap((node) => node.position).every((part) => part % 10 === 0)).toBe(true);
  });
});
