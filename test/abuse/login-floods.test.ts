import assert from "node:assert/strict";
import { test } from "node:test";
import { newcomer, type Person, streamHeader, Wire } from "@rollcall/testkit";
import { serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const open = { "auth.failures_per_address": 1_000_000, "limits.close_seconds": 1 };
const server = await serverProcess(open);
const strict = await serverProcess({ ...open, "auth.failures_per_address": 100 });
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const guesses = ["hunter2-guess", "correct-horse-guess", "tr0ub4dor-guess", "123456-guess"];

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Guesses passwords on one connection until the server ends it; returns the conditions it was given. */
type Attacker = (wire: Wire, username: string, guess: string) => Promise<string>;

async function outcome(wire: Wire): Promise<string> {
  const answer = await wire.take(({ name }) => name === "failure" || name === "success" || name === "error");
  return answer.name === "success" ? "success" : (answer.elements()[0]?.name ?? "?");
}

const byPlain: Attacker = (wire, username, guess) => {
  wire.send(`<auth xmlns='${sasl}' mechanism='PLAIN'>${base64(`\0${username}\0${guess}`)}</auth>`);
  return outcome(wire);
};

const byScram: Attacker = async (wire, username, guess) => {
  wire.send(`<auth xmlns='${sasl}' mechanism='SCRAM-SHA-256'>${base64(`n,,n=${username},r=abcdef`)}</auth>`);
  const challenge = await wire.take(({ name }) => name === "challenge" || name === "error");
  if (challenge.name === "error") return challenge.elements()[0]?.name ?? "?";
  const nonce = /^r=([^,]*)/.exec(Buffer.from(challenge.text(), "base64").toString())?.[1];
  const proof = base64(guess.padEnd(32, "x").slice(0, 32));
  wire.send(`<response xmlns='${sasl}'>${base64(`c=biws,r=${nonce},p=${proof}`)}</response>`);
  return outcome(wire);
};

/** Many at a time, each connecting again and again. */
async function flood(
  victim: Person,
  attack: Attacker,
  attackers: number,
  rounds: number,
): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  await Promise.all(
    Array.from({ length: attackers }, async () => {
      for (let round = 0; round < rounds; round++) {
        const wire = await Wire.open(victim.server.c2s);
        wire.send(streamHeader(victim.domain));
        await wire.take(({ name }) => name === "features");
        for (const guess of guesses) {
          const condition = await attack(wire, round % 2 ? victim.username : `nobody-${round}`, guess);
          seen.set(condition, (seen.get(condition) ?? 0) + 1);
          if (condition === "policy-violation") break;
        }
        wire.send("</stream:stream>");
        await wire.gone();
      }
    }),
  );
  return seen;
}

test("guessing passwords by SCRAM finds none, and others log in and are served meanwhile", async (t) => {
  const victim = await newcomer(server, "victim");
  await underAttack(t, server, { growthMb: 150 }, async () => {
    const seen = await flood(victim, byScram, 100, 10);
    assert.deepEqual([...seen], [["not-authorized", 4_000]]);
  });
});

test("guessing passwords by PLAIN, which costs the server more, neither", async (t) => {
  const victim = await newcomer(server, "victim");
  await underAttack(t, server, { growthMb: 150 }, async () => {
    const seen = await flood(victim, byPlain, 250, 2);
    assert.equal((seen.get("not-authorized") ?? 0) + (seen.get("temporary-auth-failure") ?? 0), 2_000);
    assert.ok((seen.get("not-authorized") ?? 0) > 0);
    t.diagnostic(`answers: ${JSON.stringify([...seen])}`);
  });
  await victim.connect("balcony", { mechanism: "PLAIN" });
});

test("an address that guesses too often has to wait, without more work for the server", async (t) => {
  const victim = await newcomer(strict, "victim");
  const balcony = await victim.online("balcony");
  const seen = await flood(victim, byScram, 20, 10);
  const { authenticationFailures } = await strict.counters();
  assert.equal(authenticationFailures, seen.get("not-authorized"));
  assert.ok(authenticationFailures >= 100 && authenticationFailures < 100 + 20);
  assert.deepEqual([...seen.keys()].sort(), ["not-authorized", "policy-violation"]);
  t.diagnostic(`answers: ${JSON.stringify([...seen])}`);
  await balcony.settled();
});

test("what was guessed is not in the log", () => {
  for (const guess of guesses) {
    for (const log of [server.log(), strict.log()]) {
      assert.ok(!log.includes(guess));
      assert.ok(!log.includes(base64(guess).slice(0, 10)));
    }
  }
});
