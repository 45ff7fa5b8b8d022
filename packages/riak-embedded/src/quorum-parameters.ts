import { bodyAnswer, textAnswer } from "./answers.ts";
import type { BucketProperties } from "./bucket-properties.ts";
import type { Answer } from "./riak-message.ts";

/**
 * The parameters that tune a request on a cluster. Here they are checked as Riak checks them and then change nothing:
 * there is one copy, and it is synced to the disk before the answer.
 */

const QUORUMS = ["r", "w", "dw", "rw", "pr", "pw"] as const;
const FLAGS = ["basic_quorum", "notfound_ok"] as const;
const SYNC_WORDS = new Set(["default", "backend", "one", "all"]);

/** @returns the 400 to answer with, or `undefined`. */
export function malformedParameter(query: ReadonlyMap<string, string>): Answer | undefined {
  if (query.size === 0) return undefined;
  for (const name of QUORUMS) {
    const value = query.get(name);
    if (value !== undefined && !/^(-?\d+|one|quorum|all|default)$/.test(value)) {
      return badRequest(
        `${name} query parameter must be an integer or one of the following words: 'one', 'quorum' or 'all'\n`,
      );
    }
  }
  const confirms = query.get("node_confirms");
  if (confirms !== undefined && !/^\d+$/.test(confirms)) {
    return badRequest("node_confirms query parameter must be an integer\n");
  }
  for (const name of FLAGS) {
    const value = query.get(name);
    if (value !== undefined && value !== "true" && value !== "false" && value !== "default") {
      return badRequest(`${name} query parameter must be true or false\n`);
    }
  }
  const sync = query.get("sync_on_write");
  if (sync !== undefined && !SYNC_WORDS.has(sync)) {
    return badRequest(
      "sync_on_write query parameter must be one of the following words: [default,backend,one,all]\n",
    );
  }
  const timeout = query.get("timeout");
  if (timeout !== undefined && !/^-?\d+$/.test(timeout)) {
    return badRequest(`Bad timeout value "${timeout}"\n`);
  }
  return undefined;
}

/**
 * A quorum larger than the number of copies that the bucket is said to have.
 *
 * @param contentType of the request, which Riak puts on this answer to a write; a read has none.
 */
export function impossibleQuorum(
  query: ReadonlyMap<string, string>,
  properties: BucketProperties,
  contentType: string | undefined,
): Answer | undefined {
  if (query.size === 0) return undefined;
  const copies = properties.n_val as number;
  for (const name of [...QUORUMS, "node_confirms"]) {
    const value = Number(query.get(name));
    if (value > copies) {
      const text = `Specified w/dw/pw/node_confirms values invalid for bucket n value of ${copies}\n`;
      const answer = bodyAnswer(400, contentType ?? "", text);
      if (contentType === undefined) delete answer.headers["content-type"];
      return answer;
    }
  }
  return undefined;
}

/** There is one node, so nobody else can confirm. */
export function missingConfirmations(query: ReadonlyMap<string, string>): number | undefined {
  const wanted = Number(query.get("node_confirms") ?? 0);
  return wanted > 1 ? wanted : undefined;
}

function badRequest(text: string): Answer {
  return textAnswer(400, text);
}
