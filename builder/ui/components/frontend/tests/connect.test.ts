import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { connecting, fittingSources, fittingTargets, refusal } from "../src/canvas/connect";
import { edited } from "../src/canvas/document";
import { Inspector } from "../src/canvas/Inspector";
import type { GraphDocument } from "../src/wire";
import { chain, modelOf } from "./helpers";

const DOCUMENT = edited(chain(["input", "input.v1"], ["conv", "conv2d.v1"], ["flatten", "flatten.v1"]), [
  { op: "add_node", node: { id: "pool", kind: "max_pooling2d.v1", parameters: {}, position: [300, 0] } },
  { op: "add_node", node: { id: "add", kind: "add.v1", parameters: {}, position: [300, 200] } },
]);
const MODEL = modelOf(DOCUMENT, { input: "image", conv: "image", flatten: "vector" });
const wire = (source: string, target: string, targetPort = "input") => ({ source, sourcePort: "output", target, targetPort });

describe("a connection", () => {
  it("is refused where the flow does not fit, in plain words", () => {
    expect(refusal(MODEL, wire("flatten", "pool"))).toBe(
      "'flatten' gives a vector (features); 'pool' reads an image (height, width, channels).",
    );
  });

  it("is refused where it would close a circle", () => {
    expect(refusal(MODEL, wire("flatten", "conv"))).toContain("gives a vector");
    expect(refusal(modelOf(DOCUMENT), wire("flatten", "conv"))).toContain("circle");
    expect(refusal(MODEL, wire("conv", "conv"))).toContain("own output");
  });

  it("is refused where it is there already", () => {
    expect(refusal(MODEL, wire("input", "conv"))).toContain("connected already");
  });

  it("is allowed while the flow is not known", () => {
    expect(refusal(modelOf(DOCUMENT), wire("flatten", "pool"))).toBeNull();
  });

  it("replaces the one that a port for a single tensor has", () => {
    const after = edited(DOCUMENT, connecting(MODEL, wire("pool", "conv")));
    expect(after.edges.filter((edge) => edge.target === "conv")).toEqual([
      { source: "pool", source_port: "output", target: "conv", target_port: "input" },
    ]);
  });

  it("joins the others at a port for several tensors", () => {
    const once = edited(DOCUMENT, connecting(MODEL, wire("conv", "add", "inputs")));
    const twice = edited(once, connecting(modelOf(once), wire("input", "add", "inputs")));
    expect(twice.edges.filter((edge) => edge.target === "add").map((edge) => edge.source)).toEqual(["conv", "input"]);
  });
});

describe("ports that fit", () => {
  it("are found for the loose end of a wire", () => {
    expect(fittingTargets(MODEL, "conv", "output")).toEqual(new Set(["pool:input", "add:inputs"]));
    expect(fittingSources(MODEL, "pool", "input")).toEqual(new Set(["input:output", "conv:output", "add:output"]));
  });
});

describe("the input of a block in its form", () => {
  const STATES = edited(chain(["input", "input.v1"], ["lstm", "lstm.v1"], ["dense", "dense.v1"]), [
    { op: "set_parameter", id: "lstm", name: "return_state", value: true },
    { op: "remove_edge", edge: { source: "lstm", source_port: "output", target: "dense", target_port: "input" } },
    { op: "add_edge", edge: { source: "lstm", source_port: "state_h", target: "dense", target_port: "input" } },
  ]);

  /** The sources offered for the input of 'dense', and the one that is chosen. */
  function offered(document: GraphDocument) {
    const node = document.nodes.find(({ id }) => id === "dense") as GraphDocument["nodes"][number];
    const nothing = () => undefined;
    const form = { model: modelOf(document), node, answer: null, readOnly: false, dispatch: nothing, onRepair: nothing, onClose: nothing, library: null };
    const select = /<select id="kb-port-input".*?<\/select>/.exec(renderToStaticMarkup(createElement(Inspector, form)))?.[0] ?? "";
    const options = [...select.matchAll(/<option value="([^"]*)"( selected="")?>([^<]*)</g)];
    return { words: options.map(([, , , words]) => words), values: options.map(([, value]) => value), chosen: options.find(([, , chosen]) => chosen)?.[3] };
  }

  it("names each output of a block that has several, and the one that is read", () => {
    const { words, values, chosen } = offered(STATES);
    expect(words).toEqual(["Not connected", "lstm: state_h", "input", "lstm: output", "lstm: state_c"]);
    expect(new Set(values).size).toBe(values.length);
    expect(chosen).toBe("lstm: state_h");
  });

  it("names a block with one output by its name alone", () => {
    expect(offered(chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"]))).toMatchObject({
      words: ["Not connected", "flatten", "input"],
      chosen: "flatten",
    });
  });
});
