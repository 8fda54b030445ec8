import { describe, expect, it } from "vitest";
import type { BlockFigures, FiguresAnswer, PreflightResult, Verdict } from "../src/canvas/analyze/answer";
import { cellWords, operationWords, reordered, shareOf, shareWords, sorted, timeWords } from "../src/canvas/analyze/rows";
import { withAnswer } from "../src/canvas/analyze/traffic";
import { hindering, markOf, marksOf } from "../src/canvas/analyze/verdicts";

function block(id: string, parameters: number, flops: number, values: number): BlockFigures {
  const shapes = { output: [null, values] };
  return { id, kind: "dense.v1", shapes, parameters, trainable: parameters, flops, activation_bytes: 4 * values, layers: [] };
}

const BLOCKS = [block("input", 0, 0, 10), block("wide", 500, 1000, 40), block("dropout", 0, 0, 40), block("head", 90, 180, 2)];
const ids = (blocks: readonly BlockFigures[]) => blocks.map(({ id }) => id);

describe("the table of blocks", () => {
  it("starts in the order of the flow, and turns it around", () => {
    expect(ids(sorted(BLOCKS, { column: "id", isFalling: false }))).toEqual(["input", "wide", "dropout", "head"]);
    expect(ids(sorted(BLOCKS, { column: "id", isFalling: true }))).toEqual(["head", "dropout", "wide", "input"]);
  });

  it("sorts by a figure, equal ones in the order of the flow", () => {
    expect(ids(sorted(BLOCKS, { column: "parameters", isFalling: true }))).toEqual(["wide", "head", "input", "dropout"]);
    expect(ids(sorted(BLOCKS, { column: "shape", isFalling: true }))).toEqual(["wide", "dropout", "input", "head"]);
  });

  it("puts the largest first at the first click on a figure", () => {
    const first = reordered({ column: "id", isFalling: false }, "flops");
    expect(first).toEqual({ column: "flops", isFalling: true });
    expect(reordered(first, "flops")).toEqual({ column: "flops", isFalling: false });
    expect(reordered(first, "id")).toEqual({ column: "id", isFalling: false });
  });

  it("leaves the given blocks as they are", () => {
    sorted(BLOCKS, { column: "flops", isFalling: true });
    expect(ids(BLOCKS)).toEqual(["input", "wide", "dropout", "head"]);
  });

  it("tells each block's share, also of nothing", () => {
    const totals = { parameters: 590, flops: 1180, activation_bytes: 0 };
    expect(shareOf(BLOCKS[1] as BlockFigures, "flops", totals)).toBeCloseTo(0.847, 3);
    expect(shareOf(BLOCKS[1] as BlockFigures, "activation_bytes", totals)).toBe(0);
    expect([shareWords(0), shareWords(0.0004), shareWords(0.847)]).toEqual(["0 %", "< 0.1 %", "84.7 %"]);
  });

  it("writes figures short", () => {
    expect([650, 4480000, 25.2e9, 1.2e12].map(operationWords)).toEqual(["650", "4.48 M", "25.2 G", "1.20 T"]);
    expect([0.012, 3.21, 42, 240, 9000].map(timeWords)).toEqual(["12 ms", "3.2 s", "42 s", "4 min", "2.5 h"]);
    expect(cellWords(BLOCKS[1] as BlockFigures, "shape")).toBe("40");
  });
});

const fine: Verdict = { tflite: "yes", int8: "full", operators: [], words: "" };
const RESULT: PreflightResult = {
  formats: [],
  training: null,
  training_problem: null,
  blocks: {
    input: { ...fine, int8: "partly", words: "Partly stays in floats." },
    lstm: { ...fine, int8: "float", words: "Stays in floats." },
    shrink: { ...fine, tflite: "no", int8: "no", words: "Needs MaxPool3D." },
    head: fine,
  },
};

describe("the marks of a preflight", () => {
  it("says of each block the worst that hinders it, and nothing of sound ones", () => {
    const marks = marksOf(RESULT);
    expect([...marks.keys()]).toEqual(["input", "lstm", "shrink"]);
    expect(marks.get("shrink")).toEqual([{ tone: "error", title: "not in TFLite", detail: "Needs MaxPool3D." }]);
    expect(marks.get("lstm")?.[0]?.title).toBe("stays float in int8");
    expect(markOf({ ...fine, int8: "no", words: "No." })?.tone).toBe("warning");
  });

  it("lists the worst first", () => {
    expect(hindering(RESULT).map(({ id }) => id)).toEqual(["shrink", "lstm", "input"]);
    expect(marksOf(null).size).toBe(0);
  });
});

describe("figures after the studio was away", () => {
  const working: FiguresAnswer = { rev: 2, state: "working", figures: null, problems: [] };
  const known = { ...working, rev: 1, state: "ready", figures: {} } as FiguresAnswer;

  it("stay, and no longer say that nobody answers", () => {
    expect(withAnswer({ answer: known, failure: "The studio does not answer." }, working)).toEqual({ answer: known, failure: null });
  });

  it("are replaced by newer ones", () => {
    expect(withAnswer({ answer: working, failure: null }, known).answer).toBe(known);
  });
});
