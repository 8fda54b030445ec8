import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InferClient, type InferStatus } from "../src/canvas/infer";
import { Keeper } from "../src/canvas/keep";
import type { InferRequest } from "../src/wire";
import { chain } from "./helpers";

const DOCUMENT = chain(["input", "input.v1"]);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function asking(answer: (request: InferRequest) => Promise<Response>) {
  const statuses: InferStatus[] = [];
  const requests: InferRequest[] = [];
  const client = new InferClient({
    url: "/api/infer",
    token: "t",
    projectId: "p",
    onStatus: (status) => statuses.push(status),
    fetch: (_url, init) => {
      const request = JSON.parse(String(init?.body)) as InferRequest;
      requests.push(request);
      return new Promise((resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
        answer(request).then(resolve, reject);
      });
    },
  });
  return { client, statuses, requests };
}

const good = (request: InferRequest) =>
  Promise.resolve(new Response(JSON.stringify({ rev: request.rev, nodes: {}, problems: [], summary: {} })));

describe("asking for shapes", () => {
  it("asks once for a burst of changes, about the newest", async () => {
    const { client, requests, statuses } = asking(good);
    for (const rev of [1, 2, 3]) client.ask(rev, DOCUMENT);
    await vi.advanceTimersByTimeAsync(100);
    expect(requests.map((request) => request.rev)).toEqual([3]);
    expect(statuses.at(-1)?.answer?.rev).toBe(3);
  });

  it("never shows an answer to an older question", async () => {
    const slow = (request: InferRequest) =>
      new Promise<Response>((resolve) => setTimeout(() => resolve(good(request) as unknown as Response), request.rev === 1 ? 500 : 10));
    const { client, statuses } = asking(slow);
    client.ask(1, DOCUMENT);
    await vi.advanceTimersByTimeAsync(100);
    client.ask(2, DOCUMENT);
    await vi.advanceTimersByTimeAsync(2000);
    expect(statuses.flatMap((status) => status.answer?.rev ?? [])).not.toContain(1);
    expect(statuses.at(-1)?.answer?.rev).toBe(2);
  });

  it("asks again while the engine or the data get ready, though nobody edits", async () => {
    let isReady = false;
    const starting = { code: "engine_starting", message: "", block: null, field: null, repair: null, severity: "warning" };
    const { client, statuses, requests } = asking(({ rev }) =>
      Promise.resolve(new Response(JSON.stringify({ rev, nodes: {}, problems: isReady ? [] : [starting], summary: {} }))),
    );
    client.ask(1, DOCUMENT);
    await vi.advanceTimersByTimeAsync(100);
    expect(statuses.at(-1)?.answer?.problems).toHaveLength(1);
    isReady = true;
    await vi.advanceTimersByTimeAsync(2500);
    expect(statuses.at(-1)?.answer?.problems).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests).toHaveLength(2);
  });

  it("says that it is checking only when that takes long", async () => {
    const { client, statuses } = asking(() => new Promise(() => undefined));
    client.ask(1, DOCUMENT);
    await vi.advanceTimersByTimeAsync(300);
    expect(statuses).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    expect(statuses.at(-1)?.isSlow).toBe(true);
  });

  it("says when nobody answers, and tries again until somebody does", async () => {
    let isDown = true;
    const { client, statuses } = asking((request) => (isDown ? Promise.reject(new TypeError("down")) : good(request)));
    client.ask(1, DOCUMENT);
    await vi.advanceTimersByTimeAsync(100);
    expect(statuses.at(-1)?.failure).toContain("Your work is kept");
    isDown = false;
    await vi.advanceTimersByTimeAsync(1500);
    expect(statuses.at(-1)).toMatchObject({ failure: null, answer: { rev: 1 } });
  });
});

describe("keeping the document", () => {
  const state = (rev: number) => ({ rev, docVersion: 1, document: DOCUMENT });

  it("waits for a pause and hands up the newest", () => {
    const sent: number[] = [];
    const keeper = new Keeper(({ rev }) => sent.push(rev));
    for (const rev of [1, 2, 3]) keeper.keep(state(rev));
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([3]);
  });

  it("hands up at once when the person leaves, and nothing twice", () => {
    const sent: number[] = [];
    const keeper = new Keeper(({ rev }) => sent.push(rev));
    keeper.keep(state(1));
    keeper.flush();
    keeper.flush();
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([1]);
  });

  it("forgets what Python has replaced", () => {
    const sent: number[] = [];
    const keeper = new Keeper(({ rev }) => sent.push(rev));
    keeper.keep(state(1));
    keeper.drop();
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
  });
});
