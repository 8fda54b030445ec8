/** What a key press means to the editor. */

import { ALL, COMMANDS, type Command } from "./commands";

interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

const BY_KEYS: ReadonlyMap<string, Command> = new Map(
  ALL.flatMap((command) => (COMMANDS[command].keys ?? []).map((keys) => [keys, command] as const)),
);

/** The command of a key press. Signs such as "?" are what they are, whatever Shift a keyboard needs for them. */
export function commandOf({ key, ctrlKey, metaKey, shiftKey, altKey }: Press): Command | undefined {
  if (altKey) return undefined;
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  const name = key.length === 1 ? key.toUpperCase() : key;
  const held = [...(ctrlKey || metaKey ? ["Ctrl"] : []), ...(shiftKey && !isSign ? ["Shift"] : [])];
  return BY_KEYS.get([...held, name].join("+"));
}

/** React Flow listens for these on the document; every other key stays inside the canvas. */
export const MODIFIERS: ReadonlySet<string> = new Set(["Shift", "Control", "Meta", "Alt"]);

export function isTextField(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select");
}

/** A field whose text becomes a part of the model only when it is left, so that undo is of the typing. */
export function isDraft(target: EventTarget | undefined): boolean {
  return target instanceof HTMLElement && target.matches("[data-draft]");
}

/** Whether the browser puts a word together from several keys, as for Chinese: none of them is a command. */
export function isComposing({ isComposing: isPart, keyCode }: KeyboardEvent): boolean {
  // Safari says by this code alone that the key which ends a word was a part of it.
  return isPart || keyCode === 229;
}

/** Give the keys back to the canvas around an element. */
export function leaveForCanvas(element: Element): void {
  element.closest<HTMLElement>(".kb-root")?.focus({ preventScroll: true });
}

/** Whether a press on this element is the element's own: a button is pressed by Enter, a field is typed in. */
export function isForElement(target: EventTarget | undefined, { key }: Pick<Press, "key">): boolean {
  if (isTextField(target)) return true;
  const isOwnKey = ["Enter", " ", "Tab"].includes(key) || key.startsWith("Arrow");
  return isOwnKey && target instanceof HTMLElement && target.closest("button, a, summary, input, [role=menu], [role=tablist], [tabindex='0']") !== null;
}
