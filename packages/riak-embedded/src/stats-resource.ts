import { bodyAnswer, errorPage, VARY_BOTH } from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import { chooseMediaType } from "./media-types.ts";
import type { Answer } from "./riak-message.ts";

/** Requests since the store was opened. */
export interface Counters {
  gets: number;
  puts: number;
  deletes: number;
  listings: number;
  indexQueries: number;
}

export function newCounters(): Counters {
  return { gets: 0, puts: 0, deletes: 0, listings: 0, indexQueries: 0 };
}

/** The few of Riak's statistics that mean something here, under Riak's names, and what only this store has. */
export function answerStats({ counters, store }: Backend, { headers }: ParsedRequest): Answer {
  const mediaType = chooseMediaType(headers.accept, ["application/json", "text/plain"]);
  if (mediaType === undefined) return errorPage(406);
  const statistics = {
    storage_backend: "rollcall_embedded_lmdb",
    ring_members: ["embedded@localhost"],
    node_gets_total: counters.gets,
    node_puts_total: counters.puts,
    node_deletes_total: counters.deletes,
    list_fsm_create: counters.listings,
    index_fsm_create: counters.indexQueries,
    embedded_transactions: store.writer.transactions,
    embedded_writes_queued: store.writer.queued,
    embedded_write_failures: store.writer.failures,
    memory_total: process.memoryUsage.rss(),
  };
  const text = JSON.stringify(statistics, undefined, mediaType === "text/plain" ? 4 : 1);
  return bodyAnswer(200, mediaType, text, { vary: VARY_BOTH });
}
