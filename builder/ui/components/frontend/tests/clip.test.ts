import { describe, expect, it, vi } from "vitest";
import { clipFrom, clipText, copied, pasting } from "../src/canvas/clip";
import { clipboardFor } from "../src/canvas/clipboard";
import { edited } from "../src/canvas/document";
import { making } from "../src/canvas/own/make";
import { initialState, reducer } from "../src/canvas/reducer";
import type { Definition } from "../src/wire";
import { chain, modelOf } from "./helpers";

const DOCUMENT = chain(["input", "input.v1"], ["flatten", "flatten.v1"], ["dense", "dense.v1"], ["dense_2", "dense.v1"]);
const OWN = edited(DOCUMENT, making(modelOf(DOCUMENT), ["flatten", "dense"], { name: "pair", label: "Pair", exposed: [], repeat: 1 }).edits);

describe("blocks that went over the system's clipboard", () => {
  it("are of the own block that the project holds already", () => {
    const clip = clipFrom(clipText(copied(OWN, { nodes: ["pair"] })), 100);
    const after = edited(OWN, pasting(modelOf(OWN), clip as NonNullable<typeof clip>, [30, 30]).edits);
    expect(Object.keys(after.definitions ?? {})).toEqual(["own.pair"]);
    expect(after.nodes.at(-1)?.kind).toBe("own.pair");
  });

  it("are refused where values lie so deep in each other that no block has them", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const text = clipText(copied(DOCUMENT, { nodes: ["dense"] })).replace('"parameters":{}', `"parameters":{"units":${deep}}`);
    expect(clipFrom(text, 100)).toBeNull();
  });

  it("are refused where a text is longer than Python takes it", () => {
    const text = (label: string) => clipText(copied(edited(OWN, [{ op: "set_definition", kind: "own.pair", definition: labelled(label) }]), { nodes: ["pair"] }));
    const labelled = (label: string) => ({ ...(OWN.definitions?.["own.pair"] as Definition), label });
    expect(clipFrom(text("x".repeat(100)), 100)).not.toBeNull();
    expect(clipFrom(text("x".repeat(101)), 100)).toBeNull();
  });

  it("bring no block that would stand for one of the catalogue", () => {
    const text = clipText(copied(OWN, { nodes: ["pair"] })).replaceAll("own.pair", "dense.v1");
    expect(clipFrom(text, 100)).toBeNull();
  });
});

describe("pasting", () => {
  it("twice, before the browser has given the clipboard, makes two blocks with names of their own", async () => {
    let state = initialState(DOCUMENT, 1);
    let give: (text: string) => void = () => undefined;
    const text = new Promise<string>((resolve) => (give = resolve));
    vi.stubGlobal("navigator", { clipboard: { readText: () => text, writeText: () => Promise.resolve() } });
    const clipboard = clipboardFor(() => ({
      model: modelOf(state.document),
      selection: { nodes: ["dense_2"], edges: [], groups: [], notes: [] },
      open: undefined,
      definitions: undefined,
      longestText: 100,
      make: (change) => void (state = reducer(state, { type: "edit", ...change })),
      dispatch: (action) => void (state = reducer(state, action)),
    }));
    clipboard.copy();
    const pasted = [clipboard.paste(false), clipboard.paste(false)];
    give("");
    await Promise.all(pasted);
    vi.unstubAllGlobals();
    expect(state.document.nodes.map(({ id }) => id)).toEqual(["input", "flatten", "dense", "dense_2", "dense_3", "dense_4"]);
  });
});
