/** Mounts the canvas: one React root for each place on the page, however often Streamlit calls. */

import "@xyflow/react/dist/style.css";
import "./canvas.css";
import type { FrontendRenderer } from "@streamlit/component-v2-lib";
import { createRoot, type Root } from "react-dom/client";
import type { CanvasData, CanvasState, LibraryRequest } from "../wire";
import { Canvas } from "./Canvas";

interface Place {
  readonly root: Root;
  generation: number;
  flush: () => void;
}

const places = new WeakMap<HTMLElement | ShadowRoot, Place>();

function placeFor(parent: HTMLElement | ShadowRoot): Place {
  const known = places.get(parent);
  if (known) return known;
  const container = document.createElement("div");
  parent.appendChild(container);
  const place: Place = { root: createRoot(container), generation: 0, flush: () => undefined };
  places.set(parent, place);
  return place;
}

const mount: FrontendRenderer<{ graph: CanvasState; library: LibraryRequest }, CanvasData> = ({ data, parentElement, setStateValue, setTriggerValue }) => {
  const place = placeFor(parentElement);
  place.generation += 1;
  const { generation } = place;
  place.root.render(
    <Canvas
      data={data}
      send={(state) => setStateValue("graph", state)}
      keepInLibrary={(request) => setTriggerValue("library", request)}
      registerFlush={(flush) => {
        place.flush = flush;
      }}
    />,
  );
  return () => {
    place.flush();
    // A rerun may clean up and mount again in the same place: only a place that is gone is given up.
    setTimeout(() => {
      if (place.generation !== generation || parentElement.isConnected) return;
      place.root.unmount();
      places.delete(parentElement);
    });
  };
};

export default mount;
