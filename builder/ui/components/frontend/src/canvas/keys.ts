/** What a key press means to the editor. */

export type Command =
  | "undo"
  | "redo"
  | "copy"
  | "cut"
  | "paste"
  | "duplicate"
  | "selectAll"
  | "remove"
  | "search"
  | "deselect";

interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

const WITH_CONTROL: Readonly<Record<string, Command>> = {
  z: "undo",
  y: "redo",
  c: "copy",
  x: "cut",
  v: "paste",
  d: "duplicate",
  a: "selectAll",
};

const ALONE: Readonly<Record<string, Command>> = {
  Delete: "remove",
  Backspace: "remove",
  "/": "search",
  Escape: "deselect",
};

export function commandOf({ key, ctrlKey, metaKey, shiftKey, altKey }: Press): Command | undefined {
  if (altKey) return undefined;
  if (!(ctrlKey || metaKey)) return ALONE[key];
  const command = WITH_CONTROL[key.toLowerCase()];
  return command === "undo" && shiftKey ? "redo" : command;
}

/** React Flow listens for these on the document; every other key stays inside the canvas. */
export const MODIFIERS: ReadonlySet<string> = new Set(["Shift", "Control", "Meta", "Alt"]);

export function isTextField(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select");
}
