/** Everything that a person can do, declared once: keyboard, menus, toolbar and help read it. */

import type { IconName } from "./icons";

export type Section = "Edit" | "Blocks" | "Arrange" | "View" | "Move about";

interface Declared {
  readonly label: string;
  readonly section: Section;
  readonly keys?: readonly string[];
  readonly icon?: IconName;
  /** Whether it changes nothing, so that a canvas that only shows a model has it too. */
  readonly isLooking?: boolean;
}

const declared = <T extends string>(commands: Record<T, Declared>): Readonly<Record<T, Declared>> => commands;

export const COMMANDS = declared({
  undo: { label: "Undo", section: "Edit", keys: ["Ctrl+Z"], icon: "undo" },
  redo: { label: "Redo", section: "Edit", keys: ["Ctrl+Shift+Z", "Ctrl+Y"], icon: "redo" },
  cut: { label: "Cut", section: "Edit", keys: ["Ctrl+X"], icon: "cut" },
  copy: { label: "Copy", section: "Edit", keys: ["Ctrl+C"], icon: "copy", isLooking: true },
  paste: { label: "Paste", section: "Edit", keys: ["Ctrl+V"], icon: "paste" },
  pasteConnected: { label: "Paste with connections", section: "Edit", keys: ["Ctrl+Shift+V"], icon: "paste" },
  duplicate: { label: "Duplicate", section: "Edit", keys: ["Ctrl+D"], icon: "duplicate" },
  remove: { label: "Delete", section: "Edit", keys: ["Delete", "Backspace"], icon: "remove" },
  selectAll: { label: "Select all", section: "Edit", keys: ["Ctrl+A"], isLooking: true },
  deselect: { label: "Select nothing", section: "Edit", keys: ["Escape"], isLooking: true },
  search: { label: "Search the blocks", section: "Blocks", keys: ["/"], icon: "search" },
  settings: { label: "Settings", section: "Blocks", keys: ["Enter"], icon: "settings", isLooking: true },
  rename: { label: "Rename", section: "Blocks", keys: ["F2"] },
  replace: { label: "Replace with…", section: "Blocks", icon: "replace" },
  swap: { label: "Swap these two", section: "Blocks", icon: "swap" },
  freeze: { label: "Freeze the weights", section: "Blocks", icon: "snow" },
  unfreeze: { label: "Let the weights learn", section: "Blocks", icon: "snow" },
  makeBlock: { label: "Make a block of these…", section: "Blocks", keys: ["Ctrl+Shift+B"], icon: "stack" },
  openBlock: { label: "Open the own block", section: "Blocks", keys: ["Ctrl+Enter"], icon: "enter", isLooking: true },
  expandBlock: { label: "Expand into its blocks", section: "Blocks", icon: "unstack" },
  separateBlock: { label: "Make it a block of its own", section: "Blocks" },
  leaveBlock: { label: "Back out of the own block", section: "Blocks", keys: ["Ctrl+Backspace"], isLooking: true },
  group: { label: "Group", section: "Arrange", keys: ["Ctrl+G"], icon: "group" },
  ungroup: { label: "Ungroup", section: "Arrange", keys: ["Ctrl+Shift+G"] },
  fold: { label: "Fold the group", section: "Arrange", icon: "fold" },
  unfold: { label: "Unfold the group", section: "Arrange", icon: "unfold" },
  note: { label: "Add a note", section: "Arrange", keys: ["N"], icon: "note" },
  tidy: { label: "Arrange the blocks", section: "Arrange", keys: ["L"], icon: "layout" },
  alignLeft: { label: "Align left", section: "Arrange", icon: "alignLeft" },
  alignCentre: { label: "Align centers", section: "Arrange", icon: "alignCentre" },
  alignRight: { label: "Align right", section: "Arrange", icon: "alignRight" },
  alignTop: { label: "Align tops", section: "Arrange", icon: "alignTop" },
  alignMiddle: { label: "Align middles", section: "Arrange", icon: "alignMiddle" },
  alignBottom: { label: "Align bottoms", section: "Arrange", icon: "alignBottom" },
  spreadAcross: { label: "Spread evenly across", section: "Arrange", icon: "spreadAcross" },
  spreadDown: { label: "Spread evenly down", section: "Arrange", icon: "spreadDown" },
  zoomIn: { label: "Zoom in", section: "View", keys: ["+", "="], isLooking: true },
  zoomOut: { label: "Zoom out", section: "View", keys: ["-"], isLooking: true },
  fit: { label: "Zoom to fit", section: "View", keys: ["F"], icon: "fit", isLooking: true },
  fitSelection: { label: "Zoom to the selection", section: "View", keys: ["Shift+F"], icon: "target", isLooking: true },
  fullScreen: { label: "Full screen", section: "View", icon: "expand", isLooking: true },
  menu: { label: "Menu of what is selected", section: "View", keys: ["Shift+F10", "ContextMenu"], isLooking: true },
  help: { label: "Keyboard shortcuts", section: "View", keys: ["?"], icon: "keyboard", isLooking: true },
  walkUp: { label: "To the block that feeds this one", section: "Move about", keys: ["ArrowUp"], isLooking: true },
  walkDown: { label: "To the block that reads this one", section: "Move about", keys: ["ArrowDown"], isLooking: true },
  walkLeft: { label: "To the block on the left", section: "Move about", keys: ["ArrowLeft"], isLooking: true },
  walkRight: { label: "To the block on the right", section: "Move about", keys: ["ArrowRight"], isLooking: true },
  next: { label: "To the next block in the flow", section: "Move about", keys: ["Tab"], isLooking: true },
  previous: { label: "To the previous block in the flow", section: "Move about", keys: ["Shift+Tab"], isLooking: true },
  nudgeUp: { label: "Move the selection up", section: "Move about", keys: ["Shift+ArrowUp"] },
  nudgeDown: { label: "Move the selection down", section: "Move about", keys: ["Shift+ArrowDown"] },
  nudgeLeft: { label: "Move the selection left", section: "Move about", keys: ["Shift+ArrowLeft"] },
  nudgeRight: { label: "Move the selection right", section: "Move about", keys: ["Shift+ArrowRight"] },
});

export type Command = keyof typeof COMMANDS;

export const ALL = Object.keys(COMMANDS) as Command[];

export function isLooking(command: Command): boolean {
  return COMMANDS[command].isLooking ?? false;
}

/** The first key of a command, as a menu shows it. */
export function keyOf(command: Command): string | undefined {
  return COMMANDS[command].keys?.[0];
}

const SIGNS: Readonly<Record<string, string>> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", ContextMenu: "Menu", Escape: "Esc" };

/** The parts of a key combination as people read them ("Ctrl+ArrowUp" gives "Ctrl", "↑"). */
export function keyWords(keys: string): string[] {
  if (keys === "+") return [keys];
  return keys.split("+").map((part) => SIGNS[part] ?? part);
}
