/** Mounts the live chart: one view for each place and run, however often Streamlit calls. */

import type { FrontendRenderer } from "@streamlit/component-v2-lib";
import type { LiveChartData } from "../wire";
import { Poller } from "./poller";
import { ChartView } from "./view";

interface Place {
  readonly runId: string;
  readonly view: ChartView;
  readonly poller: Poller;
  generation: number;
  /** The status that the page knows of. */
  status: string | null;
  tell: (status: string) => void;
}

const places = new WeakMap<HTMLElement | ShadowRoot, Place>();

function close(parent: HTMLElement | ShadowRoot): void {
  places.get(parent)?.poller.close();
  places.get(parent)?.view.close();
  places.delete(parent);
}

function placeFor(parent: HTMLElement | ShadowRoot, data: LiveChartData): Place {
  const known = places.get(parent);
  if (known?.runId === data.runId) return known;
  close(parent);
  const view = new ChartView(parent, data);
  const poller = new Poller(data, {
    onFailure: (message) => view.fail(message),
    onAnswer: (answer) => {
      view.show(answer);
      const { status } = answer.run;
      const hasChanged = place.status !== null && place.status !== status;
      place.status = status;
      if (hasChanged) place.tell(status);
    },
  });
  const place: Place = { runId: data.runId, view, poller, generation: 0, status: data.status, tell: () => undefined };
  places.set(parent, place);
  poller.start();
  return place;
}

const mount: FrontendRenderer<{ status: string }, LiveChartData> = ({ data, parentElement, setTriggerValue }) => {
  const place = placeFor(parentElement, data);
  place.generation += 1;
  place.tell = (status) => setTriggerValue("status", status);
  place.view.resize(data.height);
  const { generation } = place;
  return () => {
    // A rerun may clean up and mount again in the same place: only a place that is gone is given up.
    setTimeout(() => {
      if (place.generation === generation && !parentElement.isConnected) close(parentElement);
    });
  };
};

export default mount;
