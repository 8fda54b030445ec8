import { describe, expect, it } from "vitest";
import { actsOf, type Editing } from "../src/canvas/acts";
import type { Command } from "../src/canvas/commands";
import { edited } from "../src/canvas/document";
import { initialState, reducer, type Action, type EditorState, type Selection } from "../src/canvas/reducer";
import { toolGroups } from "../src/canvas/tools";
import type { Group } from "../src/wire";
import { chain, modelOf } from "./helpers";

const group = (id: string, ...nodes: string[]): Group => ({ id, title: id, nodes, collapsed: false });
const DOCUMENT = edited(chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"], ["dense_2", "dense.v1"]), [
  { op: "set_groups", groups: [group("first", "input", "flatten"), group("second", "dense", "dense_2")] },
]);
const NOTHING: Selection = { nodes: [], edges: [], groups: [], notes: [] };

/** The state after a command is given while something is selected. */
function after(command: Command, selection: Partial<Selection>): EditorState {
  let state = reducer(initialState(DOCUMENT, 1), { type: "select", nodes: [], chosen: selection });
  const editing = {
    model: modelOf(state.document),
    selection: state.selection,
    inside: [],
    places: () => new Map(),
    dispatch: (action: Action) => void (state = reducer(state, action)),
    view: {},
    clipboard: {},
    opening: {},
  } as unknown as Editing;
  actsOf(editing)[command]();
  return state;
}

describe("a command for several things", () => {
  it("deletes a block from its group also where another group's frame is deleted with it", () => {
    const { document } = after("remove", { nodes: ["dense"], groups: ["first"] });
    expect(document.groups).toEqual([group("second", "dense_2")]);
  });

  it("folds every group that is chosen, in one step", () => {
    const { document, past } = after("fold", { groups: ["first", "second"] });
    expect(document.groups?.map(({ collapsed }) => collapsed)).toEqual([true, true]);
    expect(past).toHaveLength(1);
  });
});

describe("the toolbar", () => {
  const offered = (selection: Partial<Selection>) => {
    const commands = new Proxy({}, { get: () => () => undefined }) as Readonly<Record<Command, () => void>>;
    const groups = toolGroups({ commands, selection: { ...NOTHING, ...selection }, canUndo: false, canRedo: false, readOnly: false, showPalette: null });
    return groups.flat().filter(({ disabled }) => !disabled).map(({ label }) => label);
  };

  it("deletes and copies what the keys delete and copy", () => {
    expect(offered({})).not.toContain("Delete");
    for (const chosen of [{ nodes: ["dense"] }, { edges: ["a>b"] }, { groups: ["first"] }, { notes: ["note"] }]) expect(offered(chosen)).toContain("Delete");
    expect(offered({ notes: ["note"] })).toContain("Copy");
    expect(offered({ groups: ["first"] })).not.toContain("Copy");
  });
});
