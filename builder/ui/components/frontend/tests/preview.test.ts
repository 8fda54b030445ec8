import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BlockPreview, MapsPicture, PreviewAnswer, PreviewRequest } from "../src/canvas/preview/answer";
import { colourOf, scaleOf } from "../src/canvas/preview/colors";
import { bitmapsOf, gridFor } from "../src/canvas/preview/draw";
import { merged, PreviewStore, START } from "../src/canvas/preview/store";
import { WeightsChooser } from "../src/canvas/preview/WeightsChooser";
import { nothingWords } from "../src/canvas/preview/words";
import { chain } from "./helpers";

const DOCUMENT = chain(["input", "input.v1"]);
const block = (key: string): BlockPreview => ({ key, outputs: [], attention: [], marks: [], weights: "", failure: "" });
const answerOf = (change: Partial<PreviewAnswer>): PreviewAnswer => ({
  rev: 1,
  blocks: {},
  complete: true,
  problems: [],
  runs: [],
  ...change,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let projects = 0;

function asking(reply: (request: PreviewRequest, count: number) => PreviewAnswer) {
  const requests: PreviewRequest[] = [];
  projects += 1;
  const store = new PreviewStore({
    url: "/api/preview",
    token: "t",
    projectId: `p${projects}`,
    fetch: (_url, init) => {
      const request = JSON.parse(String(init?.body)) as PreviewRequest;
      requests.push(request);
      return Promise.resolve(new Response(JSON.stringify(reply(request, requests.length))));
    },
  });
  store.follow(DOCUMENT);
  return { store, requests };
}

describe("asking for previews", () => {
  it("asks nothing while it is off", async () => {
    const { store, requests } = asking(() => answerOf({}));
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests).toHaveLength(0);
    store.turn(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests).toHaveLength(1);
  });

  it("goes on until the answer is complete, and shows what has come so far", async () => {
    const { store, requests } = asking(({ known }, count) =>
      count === 1
        ? answerOf({ blocks: { one: block("a") }, complete: false })
        : answerOf({ blocks: { one: { key: known.one as string }, two: block("b") } }),
    );
    store.turn(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests.map(({ known }) => known)).toEqual([{}, { one: "a" }]);
    expect(store.snapshot().blocks).toEqual({ one: block("a"), two: block("b") });
    expect(store.snapshot().isBusy).toBe(false);
  });

  it("asks again while a run goes on, and no longer once it has ended", async () => {
    const { store, requests } = asking((_, count) =>
      answerOf({ weights: { run: "r", status: count < 3 ? "running" : "finished", from_run: 1, initial: [] } }),
    );
    store.turn(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(requests).toHaveLength(3);
  });

  it("does not ask for a block that only moved", async () => {
    const { store, requests } = asking(() => answerOf({}));
    store.turn(true);
    await vi.advanceTimersByTimeAsync(1000);
    const [node] = DOCUMENT.nodes;
    store.follow({ ...DOCUMENT, nodes: [{ ...(node as (typeof DOCUMENT.nodes)[number]), position: [50, 50] }] });
    await vi.advanceTimersByTimeAsync(1000);
    expect(requests).toHaveLength(1);
  });
});

describe("an answer", () => {
  it("drops blocks that are gone only when it is complete", () => {
    const before = { gone: block("g"), kept: block("k") };
    const blocks = { kept: { key: "k" } };
    expect(Object.keys(merged(before, answerOf({ blocks, complete: false })))).toEqual(["gone", "kept"]);
    expect(merged(before, answerOf({ blocks }))).toEqual({ kept: block("k") });
  });
});

describe("pictures", () => {
  it("have zero in the middle of the colours of both signs", () => {
    const scale = scaleOf(-2, 1);
    expect(scale).toEqual({ low: -2, high: 2, isSigned: true });
    expect(colourOf(0, scale)).toEqual([247, 247, 247]);
    expect(colourOf(NaN, scale)).toEqual([255, 0, 255]);
  });

  it("tell what is not a number from the highest value", () => {
    const maps: MapsPicture = { kind: "maps", size: [1, 2], count: 1, height: 1, width: 2, ranges: [[0, 1]], data: btoa("\xfe\xff") };
    const [bitmap] = bitmapsOf(maps, true);
    expect([...(bitmap?.pixels ?? [])]).toEqual([253, 231, 37, 255, 255, 0, 255, 255]);
  });

  it("leave clear what only fills the last row up", () => {
    const maps: MapsPicture = { kind: "maps", size: [1, 2], count: 1, height: 1, width: 2, ranges: [[0, 1]], data: btoa("\xfe\xff"), filled: 1 };
    const [bitmap] = bitmapsOf(maps, true);
    expect([bitmap?.pixels[3], bitmap?.pixels[7]]).toEqual([255, 0]);
  });

  it("fill their box without leaving it", () => {
    const grid = gridFor(16, 1, 180, 46);
    expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(16);
    expect(grid.columns * (grid.width + grid.gap) - grid.gap).toBeLessThanOrEqual(180.001);
    expect(grid.rows * (grid.height + grid.gap) - grid.gap).toBeLessThanOrEqual(46.001);
  });
});

describe("a block without a picture", () => {
  it("is not blamed on the model while its picture is being computed", () => {
    expect(nothingWords("stage", true)).not.toContain("problems");
    expect(nothingWords("stage", false)).toContain("problems of the model");
  });
});

describe("the choice of weights", () => {
  const offered = (weights: string | null) => {
    const runs = [{ id: "new", name: "New", status: "finished", created_at: 0 }];
    const store = new PreviewStore({ url: "", token: "", projectId: "chooser" });
    const markup = renderToStaticMarkup(createElement(WeightsChooser, { state: { ...START, weights, runs }, store, select: () => undefined }));
    return [...markup.matchAll(/<option value="([^"]*)"( selected="")?/g)].map(([, value, chosen]) => (chosen ? `[${value}]` : value));
  };

  it("keeps a run in sight that is gone, so that another choice can be made", () => {
    expect(offered("gone")).toEqual(["", "[gone]", "new"]);
    expect(offered("new")).toEqual(["", "[new]"]);
    expect(offered(null)).toEqual(["[]", "new"]);
  });
});
