/** The toolbar's buttons, in groups. */

import type { Command } from "./commands";
import type { Selection } from "./reducer";
import type { ToolbarAction } from "./Toolbar";

interface Tools {
  readonly commands: Readonly<Record<Command, () => void>>;
  readonly selection: Selection;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly readOnly: boolean;
  /** Shows the blocks, where they are hidden. */
  readonly showPalette: (() => void) | null;
}

export function toolGroups({ commands, selection, canUndo, canRedo, readOnly, showPalette }: Tools): ToolbarAction[][] {
  const isNoNodeChosen = selection.nodes.length === 0;
  const isNothingToCopy = isNoNodeChosen && selection.notes.length === 0;
  const isNothingChosen = isNothingToCopy && selection.edges.length + selection.groups.length === 0;
  const editing: ToolbarAction[][] = [
    [
      { icon: "undo", label: "Undo", keys: "Ctrl+Z", disabled: !canUndo, run: commands.undo },
      { icon: "redo", label: "Redo", keys: "Ctrl+Shift+Z", disabled: !canRedo, run: commands.redo },
    ],
    [
      { icon: "duplicate", label: "Duplicate", keys: "Ctrl+D", disabled: isNoNodeChosen, run: commands.duplicate },
      { icon: "copy", label: "Copy", keys: "Ctrl+C", disabled: isNothingToCopy, run: commands.copy },
      { icon: "paste", label: "Paste", keys: "Ctrl+V", run: commands.paste },
      { icon: "remove", label: "Delete", keys: "Delete", disabled: isNothingChosen, run: commands.remove },
    ],
    [
      { icon: "group", label: "Group", keys: "Ctrl+G", disabled: isNoNodeChosen, run: commands.group },
      { icon: "stack", label: "Make a block of these…", keys: "Ctrl+Shift+B", disabled: isNoNodeChosen, run: commands.makeBlock },
      { icon: "note", label: "Add a note", keys: "N", run: commands.note },
      { icon: "layout", label: "Arrange the blocks", keys: "L", run: commands.tidy },
    ],
  ];
  const viewing: ToolbarAction[] = [
    { icon: "fit", label: "Zoom to fit", run: commands.fit },
    { icon: "expand", label: "Full screen", run: commands.fullScreen },
    { icon: "keyboard", label: "Keyboard shortcuts", keys: "?", run: commands.help },
  ];
  const showing: ToolbarAction[][] = showPalette ? [[{ icon: "panel", label: "Show the blocks", run: showPalette }]] : [];
  return readOnly ? [viewing] : [...showing, ...editing, viewing];
}
