/** Asks Python for figures and for the preflight, about the model as it stands. */

import { useCallback, useEffect, useRef, useState } from "react";
import { TOKEN_HEADER, type CanvasData, type GraphDocument } from "../../wire";
import { differsInMeaning } from "../document";
import type { FiguresAnswer, PreflightAnswer } from "./answer";

const DEBOUNCE_MS = 120;
const AGAIN_MS = 1500;
const POLL_MS = 700;

const NO_CONNECTION = "The studio does not answer. Your work is kept; trying again…";

/** A number that grows with every change of the document that means something. */
export function useMeaning(document: GraphDocument): number {
  const seen = useRef({ document, count: 0 });
  if (differsInMeaning(seen.current.document, document)) seen.current = { document, count: seen.current.count + 1 };
  return seen.current.count;
}

async function post<Answer>(data: CanvasData, name: string, body: object, signal: AbortSignal): Promise<Answer> {
  const url = data.inferUrl.replace(/infer$/, name);
  const headers = { "Content-Type": "application/json", [TOKEN_HEADER]: data.token };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  const answer = (await response.json()) as Answer & { error?: string };
  if (!response.ok) throw new Error(answer.error ?? NO_CONNECTION);
  return answer;
}

export interface Asked<Answer> {
  readonly answer: Answer | null;
  readonly failure: string | null;
}

/** The figures of the document; those before it stay until the new ones are here. */
export function useFigures(data: CanvasData, document: GraphDocument, rev: number): Asked<FiguresAnswer> {
  const [asked, setAsked] = useState<Asked<FiguresAnswer>>({ answer: null, failure: null });
  const newest = useRef(document);
  newest.current = document;
  useEffect(() => {
    const request = new AbortController();
    let timer = setTimeout(ask, DEBOUNCE_MS);
    async function ask() {
      try {
        const body = { projectId: data.projectId, rev, graph: newest.current };
        const answer = await post<FiguresAnswer>(data, "analyze", body, request.signal);
        setAsked((before) => withAnswer(before, answer));
        if (answer.state === "working") timer = setTimeout(ask, AGAIN_MS);
      } catch (error) {
        if (request.signal.aborted) return;
        setAsked((before) => ({ ...before, failure: wordsOf(error) }));
        timer = setTimeout(ask, AGAIN_MS);
      }
    }
    return () => {
      request.abort();
      clearTimeout(timer);
    };
  }, [data.projectId, data.inferUrl, data.token, rev]);
  return asked;
}

/** What is known after an answer: an answer without figures leaves the figures in sight, but tells that the studio is there. */
export function withAnswer(before: Asked<FiguresAnswer>, answer: FiguresAnswer): Asked<FiguresAnswer> {
  return { answer: answer.figures || !before.answer ? answer : before.answer, failure: null };
}

export interface Preflight extends Asked<PreflightAnswer> {
  readonly start: () => void;
}

/** The preflight of the document as it stands: what is known of it, and how to start it. */
export function usePreflight(data: CanvasData, document: GraphDocument, rev: number): Preflight {
  const [asked, setAsked] = useState<Asked<PreflightAnswer> & { readonly rev: number }>({ rev, answer: null, failure: null });
  const newest = useRef(document);
  newest.current = document;
  const ask = useRef<(start: boolean) => void>(() => undefined);
  useEffect(() => {
    const request = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    ask.current = async (start: boolean) => {
      clearTimeout(timer);
      try {
        const body = { projectId: data.projectId, rev, graph: newest.current, start };
        const answer = await post<PreflightAnswer>(data, "preflight", body, request.signal);
        setAsked({ rev, answer, failure: null });
        if (answer.state === "working") timer = setTimeout(() => ask.current(false), POLL_MS);
      } catch (error) {
        if (request.signal.aborted) return;
        setAsked((before) => ({ ...before, failure: wordsOf(error) }));
        timer = setTimeout(() => ask.current(false), AGAIN_MS);
      }
    };
    timer = setTimeout(() => ask.current(false), DEBOUNCE_MS);
    return () => {
      request.abort();
      clearTimeout(timer);
    };
  }, [data.projectId, data.inferUrl, data.token, rev]);
  const start = useCallback(() => ask.current(true), []);
  // An answer about the model before the last edit says nothing of this one.
  return { answer: asked.rev === rev ? asked.answer : null, failure: asked.failure, start };
}

function wordsOf(error: unknown): string {
  return error instanceof Error && !(error instanceof TypeError) && error.message ? error.message : NO_CONNECTION;
}
