/**
 * Three people with several resources, and one address without an account, do to each other whatever comes to mind, on
 * a real server over real sockets. After every action each session has been told exactly what the model says.
 *
 * MODEL_RUNS is the number of sequences, MODEL_SEED another start; a failure prints seed and path, and MODEL_PATH
 * repeats it. Few runs from another seed may leave a cell out.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { storyServer } from "@rollcall/testkit";
import fc from "fast-check";
import { action, beginning } from "./actions.ts";
import { type State, stanzaTypes, states } from "./appendix-a.ts";
import { Play } from "./play.ts";

const runs = Number(process.env.MODEL_RUNS ?? 80);
const seed = Number(process.env.MODEL_SEED ?? 6121);
const path = process.env.MODEL_PATH;

describe("subscriptions, rosters and presence against the model", async () => {
  const server = await storyServer();
  const reached = new Map<string, number>();

  test("every session is told what the RFC says, whatever people do", async () => {
    const plays = fc.asyncProperty(
      fc.array(beginning, { minLength: 6, maxLength: 6 }),
      fc.array(action, { minLength: 1, maxLength: 40, size: "max" }),
      async (sides, actions) => {
        const play = new Play(server.domain, reached);
        try {
          await play.open(server, sides);
          for (const one of actions) await play.perform(one);
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

  test("all 72 cells were reached, and every event with a pre-approved contact", () => {
    const approvable: readonly State[] = ["None", "None+PO", "To"];
    const missing: string[] = [];
    for (const direction of ["out", "in"]) {
      for (const type of stanzaTypes) {
        for (const state of states) {
          const cell = `${direction} ${type} in ${state}`;
          const cells = approvable.includes(state) ? [cell, `${cell} approved`] : [cell];
          missing.push(...cells.filter((one) => !reached.has(one)));
        }
      }
    }
    assert.deepEqual(missing, []);
  });
});
