/**
 * The same people as in `subscription.model.test.ts`, all at the same time: nobody waits for anything. What every
 * session is told then depends on who came first, but not everything does.
 */
import { describe, test } from "node:test";
import { storyServer } from "@rollcall/testkit";
import fc from "fast-check";
import { action, type Beginning } from "./actions.ts";
import { Play } from "./play.ts";

const runs = Number(process.env.MODEL_RUNS ?? 60);
const seed = Number(process.env.MODEL_SEED ?? 6121);
const path = process.env.MODEL_PATH;

const strangers: readonly Beginning[] = Array.from({ length: 6 }, () => ({
  state: "None",
  approved: false,
  item: false,
}));

describe("people who act at the same time", async () => {
  const server = await storyServer();

  test("clients, rosters of both sides and presence agree when it is quiet again", async () => {
    const plays = fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 60, size: "max" }),
      async (actions) => {
        const play = new Play(server.domain, new Map());
        try {
          await play.open(server, strangers);
          await play.overlap(actions);
        } finally {
          play.close();
        }
      },
    );
    await fc.assert(plays, {
      numRuns: runs,
      seed,
      includeErrorInReport: true,
      ...(path === undefined ? {} : { path }),
    });
  });
});
