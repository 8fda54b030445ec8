/** The signs on the buttons. */

const PATHS = {
  undo: "M5.5 3.5L2.5 6.5l3 3M2.5 6.5h7a4 4 0 0 1 0 8H7",
  redo: "M10.5 3.5l3 3-3 3M13.5 6.5h-7a4 4 0 0 0 0 8H9",
  layout: "M6 2.5h4v3H6zM2.5 10.5h4v3h-4zM9.5 10.5h4v3h-4zM8 5.5V8M4.5 10.5V8h7v2.5",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  target: "M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M5.5 6h5v4h-5z",
  remove: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4",
  duplicate: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  cut: "M4.5 10a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM11.5 10a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM5.5 10.3L11 2.5M10.5 10.3L5 2.5",
  copy: "M4.5 2.5h7v11h-7zM6.5 5.5h3M6.5 8h3M6.5 10.5h3",
  paste: "M5.5 3.5h-2v10h9v-10h-2M5.5 2.5h5v2.5h-5z",
  expand: "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5L7 9",
  panel: "M2.5 3h11v10h-11zM6 3v10",
  sidePanel: "M2.5 3h11v10h-11zM10 3v10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.2 3.2",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 4l4 4-4 4",
  reset: "M3.5 8a4.5 4.5 0 1 0 1.5-3.4M3 2.5v3h3",
  error: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.6M8 11v.01",
  warning: "M8 2.5l6 11H2zM8 6.5v3.3M8 11.6v.01",
  check: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.3 8.2l1.9 1.9 3.6-4",
  wrench: "M10.8 2.7a3.6 3.6 0 0 0-4.6 4.6L2.5 11l2.5 2.5 3.7-3.7a3.6 3.6 0 0 0 4.6-4.6L11 7.5 8.5 5z",
  group: "M2.5 4.5v-2h2M11.5 2.5h2v2M13.5 11.5v2h-2M4.5 13.5h-2v-2M5 5h3.5v3.5H5zM8.5 7H11v4H7V8.5",
  fold: "M3 8h10M8 2v3.5M6 4l2 2 2-2M8 14v-3.5M6 12l2-2 2 2",
  unfold: "M3 8h10M8 6V2.5M6 4.2l2-2 2 2M8 10v3.5M6 11.8l2 2 2-2",
  note: "M3 2.5h10v7.5l-3.5 3.5H3zM9.5 13.5V10H13M5.5 5.5h5M5.5 8h3",
  stack: "M8 2.5l6 3-6 3-6-3zM2 8.2l6 3 6-3M2 10.8l6 3 6-3",
  unstack: "M5.5 2.5h5v3h-5zM2.5 10.5h4v3h-4zM9.5 10.5h4v3h-4zM8 7v2",
  enter: "M6 3.5H3v9h3M6.5 8h7M10.5 5l3 3-3 3",
  replace: "M2.5 5.5h8M8 3l2.5 2.5L8 8M13.5 10.5h-8M8 8l-2.5 2.5L8 13",
  swap: "M5 2.5v11M2.5 11L5 13.5 7.5 11M11 13.5v-11M8.5 5L11 2.5 13.5 5",
  snow: "M8 2v12M2.8 5l10.4 6M13.2 5L2.8 11M6.5 3L8 4.5 9.5 3M6.5 13L8 11.5 9.5 13",
  settings: "M3 4.5h5M11 4.5h2M9.5 3v3M3 11.5h2M8 11.5h5M6.5 10v3",
  keyboard: "M2 4h12v8H2zM4.5 6.5v.01M7 6.5v.01M9.5 6.5v.01M11.8 6.5v.01M4.8 9.5h6.4",
  star: "M8 2.3l1.8 3.7 4 .5-3 2.8.8 4L8 11.3l-3.6 2 .8-4-3-2.8 4-.5z",
  alignLeft: "M2.5 2v12M5 4h8.5v3H5zM5 9.5h5v3H5z",
  alignCentre: "M8 2v2M8 7v2.5M8 12.5V14M3.5 4h9v3h-9zM5.5 9.5h5v3h-5z",
  alignRight: "M13.5 2v12M2.5 4H11v3H2.5zM6 9.5h5v3H6z",
  alignTop: "M2 2.5h12M4 5h3v8.5H4zM9.5 5h3v5h-3z",
  alignMiddle: "M2 8h2M7 8h2.5M12.5 8H14M4 3.5h3v9H4zM9.5 5.5h3v5h-3z",
  alignBottom: "M2 13.5h12M4 2.5h3V11H4zM9.5 6h3v5h-3z",
  spreadAcross: "M2.5 2.5v11M13.5 2.5v11M6 5h4v6H6z",
  spreadDown: "M2.5 2.5h11M2.5 13.5h11M5 6h6v4H5z",
  more: "M3.5 8v.01M8 8v.01M12.5 8v.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`kb-icon kb-icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
