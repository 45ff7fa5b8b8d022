import assert from "node:assert/strict";
import type { RiakMethod, RiakRequest, RiakResponse } from "../riak-message.ts";

/**
 * A story is a row of requests to one Riak and the facts of its recorded answers. Text may hold `$names`: `$B` is a bucket
 * of the story's own, others are what earlier steps saved.
 */
export interface Story {
  /** What the recording shows, as a sentence. */
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Step {
  /** Method and path, as in a request line. */
  readonly send: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds that pass before the request. */
  readonly after?: number;
  readonly status: number;
  /** `null`: the header must be absent. */
  readonly expect?: Readonly<Record<string, string | RegExp | null>>;
  readonly text?: string | RegExp;
  /** Names for a header's value, or for the first group of an expression on the body. */
  readonly save?: Readonly<Record<string, string | RegExp>>;
}

export interface StoryTarget {
  send(request: RiakRequest): Promise<RiakResponse>;
  /** Lets time pass for the store. */
  advance(ms: number): Promise<void> | void;
}

export const JSON_BODY = { "content-type": "application/json" } as const;

const TIMEOUT_MS = 10_000;

export async function playStory(target: StoryTarget, story: Story, bucket: string): Promise<void> {
  const names = new Map([["B", bucket]]);
  const fill = (text: string): string =>
    text.replace(/\$(\w+)/g, (whole, name: string) => names.get(name) ?? whole);
  for (const [index, step] of story.steps.entries()) {
    if (step.after !== undefined) await target.advance(step.after);
    const where = `step ${index + 1}: ${step.send}`;
    const [method, path] = fill(step.send).split(" ") as [RiakMethod, string];
    const headers = Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value)]);
    const response = await target.send({
      method,
      path,
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: step.body,
      timeoutMs: TIMEOUT_MS,
    });
    const text = Buffer.from(response.body).toString();
    assert.equal(response.status, step.status, `${where}: ${text}`);
    for (const [name, value] of Object.entries(step.expect ?? {})) {
      checkText(response.headers[name], value === null ? undefined : value, `${where}, ${name}`, fill);
    }
    if (step.text !== undefined) checkText(text, step.text, `${where}, body`, fill);
    for (const [name, source] of Object.entries(step.save ?? {})) {
      const value = typeof source === "string" ? response.headers[source] : source.exec(text)?.[1];
      assert.ok(value !== undefined, `${where}: nothing to save as ${name}`);
      names.set(name, value);
    }
  }
}

function checkText(
  actual: string | undefined,
  expected: string | RegExp | undefined,
  where: string,
  fill: (text: string) => string,
): void {
  if (expected instanceof RegExp) assert.match(actual ?? "", expected, where);
  else assert.equal(actual, expected === undefined ? undefined : fill(expected), where);
}
