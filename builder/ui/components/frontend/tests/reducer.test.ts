import { describe, expect, it } from "vitest";
import { isNewer } from "../src/canvas/hooks";
import { initialState, reducer, type Action, type EditorState } from "../src/canvas/reducer";
import type { Edit } from "../src/wire";
import { chain } from "./helpers";

const START = chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"]);
const start = () => initialState(START, 1);
const run = (state: EditorState, ...actions: Action[]) => actions.reduce(reducer, state);
const units = (value: unknown): Edit => ({ op: "set_parameter", id: "dense", name: "units", value });

describe("history", () => {
  it("gives back the very document that was there", () => {
    const before = start();
    const after = run(before, { type: "edit", edits: [units(8)] }, { type: "edit", edits: [{ op: "remove_node", id: "flatten" }] });
    const back = run(after, { type: "undo" }, { type: "undo" });
    expect(back.document).toBe(before.document);
    expect(run(back, { type: "redo" }, { type: "redo" }).document).toBe(after.document);
  });

  it("keeps every step of a long session", () => {
    let state = start();
    for (let value = 1; value <= 2000; value += 1) state = reducer(state, { type: "edit", edits: [units(value)] });
    for (let value = 1; value <= 2000; value += 1) state = reducer(state, { type: "undo" });
    expect(state.document).toEqual(START);
    expect(state.future).toHaveLength(2000);
  });

  it("takes typing in one field as one step, and the next field as another", () => {
    const type = (value: unknown): Action => ({ type: "edit", edits: [units(value)], typing: "dense.units" });
    const state = run(start(), type(1), type(12), type(128), { type: "settle" }, type(1281));
    expect(state.past).toHaveLength(2);
    expect(run(state, { type: "undo" }).document.nodes[2]?.parameters.units).toBe(128);
    expect(run(state, { type: "undo" }, { type: "undo" }).document).toEqual(START);
  });

  it("takes a drag as one step and a drag to the same place as none", () => {
    const state = run(start(), { type: "move", positions: { dense: [40, 50], input: [10, 0] } });
    expect(state.past).toHaveLength(1);
    expect(run(state, { type: "move", positions: { dense: [40, 50] } }).past).toHaveLength(1);
  });

  it("drops the undone steps when something new is done", () => {
    const state = run(start(), { type: "edit", edits: [units(1)] }, { type: "undo" }, { type: "edit", edits: [units(2)] });
    expect(run(state, { type: "redo" }).document).toBe(state.document);
  });

  it("has nothing to undo at the start", () => {
    expect(run(start(), { type: "undo" }, { type: "redo" }).document).toEqual(START);
  });
});

describe("documents", () => {
  it("are frozen to the leaves", () => {
    const { document } = run(start(), { type: "edit", edits: [units([1, 2])] });
    expect(() => (document.nodes as unknown[]).push({})).toThrow();
    expect(() => ((document.nodes[2]?.parameters.units as number[])[0] = 9)).toThrow();
  });

  it("keep the identity of the blocks that an edit does not touch", () => {
    const before = start();
    const after = run(before, { type: "edit", edits: [units(3)] });
    expect(after.document.nodes[0]).toBe(before.document.nodes[0]);
  });

  it("count their revisions upwards, on undo too", () => {
    expect(run(start(), { type: "edit", edits: [units(3)] }, { type: "undo" }, { type: "redo" }).rev).toBe(3);
  });

  it("are replaced, with their history, when Python sends another version", () => {
    const other = chain(["input", "input.v1"]);
    const state = run(start(), { type: "edit", edits: [units(3)] }, { type: "load", document: other, docVersion: 2 });
    expect(state).toMatchObject({ document: other, docVersion: 2, past: [] });
  });
});

describe("a document whose session with Python has ended", () => {
  const seen = { projectId: "p", revision: 7 };

  it("is kept, with its history, where Python has no newer one", () => {
    expect(isNewer(seen, { projectId: "p", revision: 7 })).toBe(false);
    const state = run(start(), { type: "edit", edits: [units(3)] });
    const later = run(state, { type: "adopt", docVersion: "next" });
    expect(later).toEqual({ ...state, docVersion: "next" });
  });

  it("gives way to a newer one, and to that of another project", () => {
    expect(isNewer(seen, { projectId: "p", revision: 8 })).toBe(true);
    expect(isNewer(seen, { projectId: "q", revision: 7 })).toBe(true);
    expect(isNewer({ projectId: "p", revision: null }, { projectId: "p", revision: null })).toBe(true);
  });
});

describe("edits", () => {
  it("that name a block which is gone change nothing and say so", () => {
    const state = run(start(), { type: "edit", edits: [{ op: "remove_node", id: "gone" }] });
    expect(state.document).toEqual(START);
    expect(state.refusal).toContain("'gone'");
  });

  it("rename a block everywhere", () => {
    const { document, selection } = run(start(), { type: "select", nodes: ["flatten"] }, { type: "rename", id: "flatten", name: "flat" });
    expect(document.edges.map((edge) => [edge.source, edge.target])).toEqual([["input", "flat"], ["flat", "dense"]]);
    expect(selection.nodes).toEqual(["flat"]);
  });

  it("unselect what they remove", () => {
    const state = run(start(), { type: "select", nodes: ["dense", "flatten"] }, { type: "edit", edits: [{ op: "remove_node", id: "dense" }] });
    expect(state.selection.nodes).toEqual(["flatten"]);
  });
});

describe("a repair that is clicked twice", () => {
  it("adds its block once", () => {
    const repair: Action = { type: "edit", edits: [{ op: "add_node", node: { id: "flatten_2", kind: "flatten.v1", parameters: {}, position: [0, 0] } }] };
    const state = run(start(), repair, repair);
    expect(state.document.nodes.map(({ id }) => id)).toEqual(["input", "flatten", "dense", "flatten_2"]);
    expect(state.refusal).toContain("'flatten_2'");
  });
});

describe("an own block", () => {
  it("that is a Sequential in a file stays one when the model is edited", () => {
    const stage = { label: "Stage", summary: "", graph: chain(["inner", "dense.v1"]), exposed: [], nested_model: true, sequential: true };
    const document = { ...START, definitions: { "own.stage": stage } };
    const state = run(initialState(document, 1), { type: "edit", edits: [units(8)] });
    expect(state.document.definitions?.["own.stage"]?.sequential).toBe(true);
  });
});
