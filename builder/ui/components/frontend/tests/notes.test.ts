import { describe, expect, it } from "vitest";
import { freePlace, NOTE_SIZE } from "../src/canvas/notes";

const block = (x: number, y: number) => ({ x, y, width: 210, height: 80 });

describe("the place of a new note", () => {
  it("is the wanted one where nothing stands", () => {
    expect(freePlace([0, 0], [block(0, 500)])).toEqual([0, 0]);
  });

  it("lies to the right of everything that it would cover", () => {
    const [x, y] = freePlace([0, 0], [block(300, 40), block(100, 20), block(900, 0)]);
    expect(y).toBe(0);
    expect(x).toBe(300 + 210 + 30);
    expect(x + NOTE_SIZE[0]).toBeLessThanOrEqual(900);
  });
});
