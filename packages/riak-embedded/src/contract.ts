import { after, before, describe, test } from "node:test";
import { conditionStories } from "./contract/condition-stories.ts";
import { indexStories } from "./contract/index-stories.ts";
import { listingStories } from "./contract/listing-stories.ts";
import { siblingStories } from "./contract/sibling-stories.ts";
import { playStory, type Story, type StoryTarget } from "./contract/story.ts";
import { urlStories } from "./contract/url-stories.ts";
import { writeStories } from "./contract/write-stories.ts";

/**
 * What Rollcall may expect of Riak's HTTP API: facts of answers recorded from a Riak KV 3.2.2 node, in the order of the
 * recording. The suite runs against anything that answers requests and has a bucket type `mult` without properties of
 * its own; each story uses a bucket of its own.
 */
export interface RiakContractTarget extends StoryTarget {
  close(): Promise<void>;
}

const CHAPTERS: Readonly<Record<string, readonly Story[]>> = {
  "URLs and keys": urlStories,
  writes: writeStories,
  siblings: siblingStories,
  conditions: conditionStories,
  "metadata and indexes": indexStories,
  "listings and properties": listingStories,
};

/** Parts of Riak's HTTP API, and of the recording, that the embedded store leaves out. */
export const leftOut: readonly string[] = [
  "data types and counters (/types/T/buckets/B/datatypes, /buckets/B/counters)",
  "MapReduce (/mapred), link walking (501), AAE folds, queues, the list of resources at /",
  "making bucket types over the network: they are named when the store is opened",
  "write-once types, commit hooks, changing chash_keyfun and linkfun",
  "2i: stream=true and term_regex (501), integers beyond 64 bits, values so long that an entry exceeds 1978 bytes",
  "Range requests, gzip on the fly, Accept-Charset, Accept-Encoding as a reason for 406, checks of Referer",
  "several nodes: quorums are checked and then mean nothing, node_confirms above 1 is never met, start-up answers",
  "delete_mode other than 3 s",
  "vclocks of a real cluster: their writers count as having seen nothing, anything unlike a context of this store is a 500",
  "stack traces in 500 answers, most of /stats, bucket names over 1000 bytes",
];

/** @param open called once; makes an empty store or connects to one that may hold other buckets. */
export function describeRiakContract(name: string, open: () => Promise<RiakContractTarget>): void {
  describe(`${name} answers as Riak does`, () => {
    let target: RiakContractTarget;
    const run = Math.random().toString(36).slice(2, 8);
    let stories = 0;
    before(async () => {
      target = await open();
    });
    after(async () => {
      await target?.close();
    });
    for (const [chapter, chapterStories] of Object.entries(CHAPTERS)) {
      describe(chapter, () => {
        for (const story of chapterStories) {
          const bucket = `contract-${run}-${stories++}`;
          test(story.title, () => playStory(target, story, bucket));
        }
      });
    }
  });
}
