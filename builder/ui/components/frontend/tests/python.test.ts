import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { edited } from "../src/canvas/document";
import { fault } from "../src/canvas/parameters";
import { byteWords } from "../src/canvas/words";
import type { Edit, GraphDocument, ParameterDeclaration } from "../src/wire";

/** Written by tests/ui/test_component_fixtures.py from builder.graph, builder.params and builder.sizes. */
const cases = JSON.parse(readFileSync(new URL("fixtures/python.json", import.meta.url), "utf-8")) as {
  edits: { name: string; before: GraphDocument; edits: Edit[]; after: GraphDocument }[];
  faults: { declaration: ParameterDeclaration; value: unknown; message: string | null }[];
  sizes: { bytes: number; words: string }[];
};

describe("edits do what Graph.edited does", () => {
  it.each(cases.edits)("$name", ({ before, edits, after }) => {
    expect(edited(before, edits)).toEqual(after);
  });
});

describe("values are judged, in the same words, as Parameter.check judges them", () => {
  it("for every case", () => {
    for (const { declaration, value, message } of cases.faults)
      expect(fault(declaration, value, "Sample")).toBe(message);
  });
});

describe("numbers of bytes are told, in the same words, as size_words tells them", () => {
  it.each(cases.sizes)("$bytes", ({ bytes, words }) => {
    expect(byteWords(bytes)).toBe(words);
  });
});
