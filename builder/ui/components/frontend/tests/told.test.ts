import { describe, expect, it } from "vitest";
import { answerInside, listedProblems, useOf } from "../src/canvas/own/told";
import type { InferAnswer, Problem } from "../src/wire";

const problem = (block: string): Problem => ({ code: "shape", message: block, block, field: null, repair: null, severity: "error" });
const [inner, outer, other] = [problem("conv"), problem("stage"), problem("head")];
const TOLD: InferAnswer = {
  rev: 3,
  nodes: { stage: { shape: [null, 8], flow: "vector", parameters: 30 } },
  problems: [outer, other],
  summary: { parameters: 100 },
  inside: {
    "own.stage": {
      use: "stage",
      nodes: { conv: { shape: [null, 4], flow: "vector", parameters: 10 }, last: { shape: [null, 8], flow: "vector", parameters: 20 } },
      problems: [inner],
    },
  },
};

describe("what is told inside an own block", () => {
  it("are the shapes, counts and problems of its own blocks", () => {
    const answer = answerInside(TOLD, ["own.stage"]);
    expect(answer?.nodes.conv?.shape).toEqual([null, 4]);
    expect(answer?.summary.parameters).toBe(30);
    expect(answer?.problems).toEqual([inner]);
    expect(useOf(TOLD, ["own.stage"])).toBe("stage");
  });

  it("is nothing for a block that is used nowhere", () => {
    expect(answerInside(TOLD, ["own.other"])).toBeNull();
    expect(useOf(TOLD, ["own.other"])).toBeUndefined();
  });

  it("is the whole answer for the model itself", () => {
    expect(answerInside(TOLD, [])).toBe(TOLD);
    expect(listedProblems(TOLD, [])).toBe(TOLD.problems);
  });

  it("lists the problems there first and does not tell them twice", () => {
    expect(listedProblems(TOLD, ["own.stage"])).toEqual([inner, other]);
    expect(listedProblems(TOLD, ["own.other"])).toEqual([outer, other]);
  });
});
