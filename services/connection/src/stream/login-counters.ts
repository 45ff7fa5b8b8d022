import {
  Counts,
  Histograms,
  type LoginOutcome,
  type LoginPhase,
  loginMechanisms,
  loginOutcomes,
  loginPhases,
  longSecondsBounds,
} from "@rollcall/telemetry";
import type { SaslCondition, SaslMechanism } from "@rollcall/xmpp";

/** Numbers of logins. */
export class LoginCounters {
  readonly loginAttempts = Counts.ofPairs("mechanism", loginMechanisms, "outcome", loginOutcomes);
  readonly loginSeconds = Histograms.of(longSecondsBounds, "phase", loginPhases);

  /** A SASL exchange is over. @param mechanism one of those that are offered. */
  attempted(mechanism: string, outcome: LoginOutcome): void {
    const index = loginMechanisms.indexOf(mechanism as SaslMechanism);
    if (index === -1) return;
    this.loginAttempts.add(index * loginOutcomes.length + loginOutcomes.indexOf(outcome));
  }

  took(phase: LoginPhase, ms: number, traceId: string | undefined): void {
    this.loginSeconds.at(loginPhases.indexOf(phase)).record(ms / 1_000, traceId);
  }
}

/** @param condition `undefined` where the client is who it says it is. */
export function outcomeOf(condition: SaslCondition | undefined): LoginOutcome {
  switch (condition) {
    case undefined:
      return "success";
    case "not-authorized":
      return "not_authorized";
    case "temporary-auth-failure":
      return "temporary_failure";
    case "aborted":
      return "aborted";
    default:
      return "refused";
  }
}
