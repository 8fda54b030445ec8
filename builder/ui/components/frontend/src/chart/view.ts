/** The live chart's elements and what each does. */

import Plotly from "plotly.js-basic-dist-min";
import type { LiveChartData, MetricsAnswer } from "../wire";
import css from "./chart.css?inline";
import { CONFIG, layout, legendItems, scaleOf, titleOf, traces, type Choices, type LegendItem, type Theme } from "./figure";
import { Curves } from "./series";
import { durationWords, ENDED, metricWords, rateWords, statusWords, valueWords } from "./words";

const FAVOURITES = ["frechet_distance", "accuracy", "sparse_categorical_accuracy", "binary_accuracy", "mean_absolute_error"];

const PAGE = `
  <div class="kbc-strip"><span class="kbc-status" role="status"></span><span class="kbc-facts"></span></div>
  <div class="kbc-progress" role="progressbar" aria-label="Progress of the run" aria-valuemin="0" aria-valuemax="100"><i></i></div>
  <div class="kbc-banner" role="alert" hidden></div>
  <div class="kbc-choices">
    <div class="kbc-toggle" role="group" aria-label="Points">
      <button type="button" data-scope="step">Per step</button><button type="button" data-scope="epoch">Per epoch</button>
    </div>
    <label><input type="checkbox" data-log> Log scale</label>
    <label class="kbc-smoothing">Smoothing <input type="range" min="0" max="0.98" step="0.02" data-smoothing aria-label="Smoothing"></label>
    <label class="kbc-metric" hidden>Metric <select data-metric></select></label>
  </div>
  <div class="kbc-legend" role="group" aria-label="Lines shown"></div>
  <div class="kbc-note" role="status" hidden></div>
  <div class="kbc-plots"><div data-plot="loss"></div><div data-plot="metric"></div></div>`;

export class ChartView {
  private readonly root = document.createElement("div");
  private readonly curves = new Curves();
  private readonly sizes: ResizeObserver;
  private choices: Choices = { scope: "step", isLog: false, smoothing: 0.6, hidden: new Set() };
  private metric: string | null = null;
  private theme = "";

  constructor(parent: HTMLElement | ShadowRoot, data: LiveChartData) {
    const style = document.createElement("style");
    style.textContent = css;
    this.root.className = "kbc-root";
    this.root.innerHTML = PAGE;
    this.root.prepend(style);
    this.resize(data.height);
    parent.appendChild(this.root);
    this.sizes = new ResizeObserver(() => this.plots().forEach((plot) => isDrawn(plot) && Plotly.Plots.resize(plot)));
    this.plots().forEach((plot) => this.sizes.observe(plot));
    this.listen();
    this.draw();
  }

  resize(height: number): void {
    this.root.style.setProperty("--kbc-height", `${height}px`);
  }

  show(answer: MetricsAnswer): void {
    this.fail(null);
    this.curves.add(answer.rows);
    this.showStatus(answer);
    const theme = JSON.stringify(this.readTheme());
    if (answer.rows.length > 0 || theme !== this.theme) this.draw();
  }

  fail(message: string | null): void {
    const banner = this.find(".kbc-banner");
    banner.hidden = message === null;
    banner.textContent = message;
  }

  close(): void {
    this.sizes.disconnect();
    this.plots().forEach((plot) => Plotly.purge(plot));
    this.root.remove();
  }

  private find<T extends HTMLElement = HTMLElement>(selector: string): T {
    return this.root.querySelector(selector) as T;
  }

  private plots(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>("[data-plot]")];
  }

  private listen(): void {
    this.root.querySelectorAll<HTMLElement>("[data-scope]").forEach((button) =>
      button.addEventListener("click", () => this.choose({ scope: button.dataset.scope as Choices["scope"] })),
    );
    const log = this.find<HTMLInputElement>("[data-log]");
    log.addEventListener("change", () => this.choose({ isLog: log.checked }));
    const smoothing = this.find<HTMLInputElement>("[data-smoothing]");
    smoothing.value = String(this.choices.smoothing);
    smoothing.addEventListener("input", () => this.choose({ smoothing: Number(smoothing.value) }));
    const metric = this.find<HTMLSelectElement>("[data-metric]");
    metric.addEventListener("change", () => {
      this.metric = metric.value;
      this.draw();
    });
    // Streamlit's own shortcuts are single letters: a key pressed in here is meant for the chart.
    this.root.addEventListener("keydown", (event) => event.stopPropagation());
  }

  private choose(change: Partial<Choices>): void {
    this.choices = { ...this.choices, ...change };
    this.draw();
  }

  private draw(): void {
    const theme = this.readTheme();
    this.theme = JSON.stringify(theme);
    this.offerMetrics();
    this.root.querySelectorAll<HTMLElement>("[data-scope]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.scope === this.choices.scope)),
    );
    this.find(".kbc-smoothing").hidden = this.choices.scope === "epoch";
    const metricPlot = this.find('[data-plot="metric"]');
    metricPlot.hidden = this.metric === null;
    const linear = { ...this.choices, isLog: this.choices.isLog && !this.metric?.includes("accuracy") };
    this.drawLegend(legendItems(this.curves, this.choices, theme));
    const notes = [this.plot(this.find('[data-plot="loss"]'), "loss", this.choices, theme)];
    if (this.metric !== null) notes.push(this.plot(metricPlot, this.metric, linear, theme));
    this.say(notes.filter((note) => note !== null).join(" "));
  }

  /** Draw a chart, and return what of it its scale cannot show, in words. */
  private plot(element: HTMLElement, name: string, choices: Choices, theme: Theme): string | null {
    const epochs = [name, `val_${name}`].map((found) => this.curves.points("epoch", found).at(-1)?.epoch ?? 0);
    const [title, drawn] = [titleOf(this.curves, name), traces(this.curves, name, choices, theme)];
    const { isLog, note } = scaleOf(title, drawn, choices.isLog);
    void Plotly.react(element, drawn, layout(title, { ...choices, isLog }, theme, Math.max(...epochs)), CONFIG);
    return note;
  }

  private say(words: string): void {
    const note = this.find(".kbc-note");
    note.hidden = words === "";
    // New points come four times a second: what is said already is not said again to those who listen.
    if (note.textContent !== words) note.textContent = words;
  }

  private drawLegend(items: readonly LegendItem[]): void {
    const legend = this.find(".kbc-legend");
    const { hidden } = this.choices;
    const drawn = JSON.stringify([items, [...hidden]]);
    // New points come four times a second: only what changed is drawn again, so that a focused button stays.
    if (legend.dataset.drawn === drawn) return;
    legend.dataset.drawn = drawn;
    const focused = legend.querySelector<HTMLElement>(":focus")?.dataset.line;
    legend.replaceChildren(...items.map((item) => legendButton(item, !hidden.has(item.name), () => this.toggle(item.name))));
    if (focused !== undefined) legend.querySelector<HTMLElement>(`[data-line="${focused}"]`)?.focus();
  }

  private toggle(line: string): void {
    const hidden = new Set(this.choices.hidden);
    if (!hidden.delete(line)) hidden.add(line);
    this.choose({ hidden });
  }

  private offerMetrics(): void {
    const names = this.curves.metrics();
    this.metric ??= FAVOURITES.find((name) => names.includes(name)) ?? names[0] ?? null;
    const select = this.find<HTMLSelectElement>("[data-metric]");
    this.find(".kbc-metric").hidden = names.length < 2;
    if (select.options.length === names.length) return;
    select.replaceChildren(...names.map((name) => new Option(metricWords(name), name, false, name === this.metric)));
  }

  private showStatus({ run }: MetricsAnswer): void {
    const progress = run.progress ?? {};
    const { epoch, epochs, step, steps_per_epoch, samples_per_second, seconds_left, device, phase } = progress;
    const isWorking = !ENDED.has(run.status);
    const best = this.curves.bestEpoch();
    const rate = this.curves.latest("learning_rate");
    const facts: [string, string | null][] = [
      ["epoch", epochs == null ? null : `${epoch ?? 0} / ${epochs}`],
      ["step", step == null || !isWorking ? null : steps_per_epoch == null ? `${step}` : `${step} / ${steps_per_epoch}`],
      ["samples/s", samples_per_second && isWorking ? rateWords(samples_per_second) : null],
      ["left", seconds_left != null && isWorking ? durationWords(seconds_left) : null],
      ["best epoch", best ? String(best.epoch) : null],
      ["learning rate", rate === null ? null : valueWords(rate)],
      ["on", device ?? null],
    ];
    const status = this.find(".kbc-status");
    status.textContent = statusWords(run.status) + (phase && run.status === "running" && phase !== "training" ? `: ${phase}` : "");
    status.dataset.status = run.status;
    this.find(".kbc-facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => fact(name, value as string)));
    const done = epochs ? Math.min(1, ((epoch ?? 0) + (isWorking && steps_per_epoch ? (step ?? 0) / steps_per_epoch : 0)) / epochs) : 0;
    const bar = this.find(".kbc-progress");
    bar.setAttribute("aria-valuenow", String(Math.round(done * 100)));
    (bar.firstElementChild as HTMLElement).style.width = `${done * 100}%`;
  }

  private readTheme(): Theme {
    const style = getComputedStyle(this.root);
    const read = (name: string, other: string) => style.getPropertyValue(`--st-${name}`).trim() || other;
    const colours = read("chart-categorical-colors", "").split(/,(?![^(]*\))/).map((colour) => colour.trim());
    const text = read("text-color", "#31333f");
    return {
      text,
      line: faded(text),
      back: read("background-color", "#ffffff"),
      font: read("font", "sans-serif"),
      training: colours[0] || read("primary-color", "#0f766e"),
      validation: colours[1] || "#c2703d",
      companion: colours[2] || "#7a5ea8",
    };
  }
}

function legendButton({ name, colour, sign }: LegendItem, isShown: boolean, onClick: () => void): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.line = name;
  button.title = isShown ? `Hide ${name}` : `Show ${name}`;
  button.setAttribute("aria-pressed", String(isShown));
  const mark = document.createElement("i");
  mark.dataset.sign = sign;
  mark.style.color = colour;
  mark.ariaHidden = "true";
  button.append(mark, name);
  button.addEventListener("click", onClick);
  return button;
}

function fact(name: string, value: string): HTMLElement {
  const element = document.createElement("span");
  const strong = document.createElement("b");
  strong.textContent = value;
  element.append(...(["epoch", "step", "best epoch", "learning rate", "on"].includes(name) ? [`${name} `, strong] : [strong, ` ${name}`]));
  return element;
}

/** Grid lines: the text's colour, hardly there. Plotly does not know `color-mix`. */
function faded(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return colour.startsWith("#") && blue !== undefined && !Number.isNaN(blue) ? `rgba(${red},${green},${blue},0.13)` : "rgba(128,128,128,0.22)";
}

/** Plotly throws where a plot is not shown: a page that is left hides its elements before it removes them. */
function isDrawn(plot: HTMLElement): boolean {
  return plot.classList.contains("js-plotly-plot") && plot.offsetParent !== null;
}
