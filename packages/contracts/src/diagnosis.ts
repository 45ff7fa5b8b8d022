/** What the admin interface tells operators about the system, and the `rollcall` command shows. */
import type { CommandSummary, SessionSummary } from "./channels.ts";
import type { ProcessStatus } from "./control/status.ts";

/** `error`: users notice, or will. `warning`: look at it soon. */
export type Severity = "error" | "warning";

export interface Finding {
  readonly severity: Severity;
  /** What is wrong, a durable name for programs. */
  readonly code: string;
  /** A sentence about what is wrong, with the process, host or partition. */
  readonly message: string;
  /** What to do about it. */
  readonly action: string;
}

/** Something that was looked at, and what was found; nothing where all is well. */
export interface Check {
  readonly check: string;
  /** What is true when nothing is found. */
  readonly title: string;
  readonly findings: readonly Finding[];
}

export interface ProcessRow {
  readonly id: string;
  readonly kind: string;
  readonly version: string;
  readonly startedAt: number;
  /** How far its clock is ahead of the one of the process that asked, and how wrong that may be. */
  readonly skewMs: number;
  readonly skewErrorMs: number;
  /** `undefined` where it could not tell how it is. */
  readonly status: ProcessStatus | undefined;
  /** Why it could not. */
  readonly failure?: string | undefined;
}

export interface PartitionsRow {
  readonly service: "roster-owner" | "presence-owner";
  /** By instance: what the leases give it, and what it serves. `undefined` where it did not say. */
  readonly instances: Readonly<
    Record<string, { readonly owns: number; readonly serves?: number | undefined }>
  >;
  readonly without: readonly number[];
}

export interface ClusterStatus {
  /** Milliseconds since the epoch, by the process that asked. */
  readonly at: number;
  /** No finding is an error. */
  readonly healthy: boolean;
  readonly processes: readonly ProcessRow[];
  /** Processes that should have answered. */
  readonly missing: readonly string[];
  readonly partitions: readonly PartitionsRow[];
  readonly checks: readonly Check[];
}

/** An account as it is now. What its owners do not answer is `undefined`, with the reasons in `unknown`. */
export interface WhoAnswer {
  readonly jid: string;
  readonly exists?: boolean | undefined;
  readonly disabled: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number | undefined;
  readonly sessions?: readonly SessionSummary[] | undefined;
  readonly lastUnavailableAt?: number | undefined;
  readonly roster?:
    | {
        readonly version: string;
        readonly contacts: number;
        /** Who may see the account's presence. */
        readonly subscribers: readonly string[];
        /** Whose presence the account may see. */
        readonly subscribedTo: readonly string[];
        /** Who has asked and has no answer. */
        readonly requests: readonly string[];
        /** Oldest first. */
        readonly commands: readonly CommandSummary[];
      }
    | undefined;
  readonly unknown: readonly string[];
}

/**
 * One reason why somebody is, or is not, shown online to somebody. `blocks`: not shown for this reason alone. `unknown`: it
 * cannot be said. `hint`: worth knowing. `shows`: nothing is in the way.
 */
export interface WhyReason {
  readonly code: string;
  readonly effect: "blocks" | "unknown" | "hint" | "shows";
  readonly message: string;
  readonly action: string;
}

export interface WhyAnswer {
  /** Who is, or is not, shown. */
  readonly who: string;
  /** To whom. */
  readonly to: string;
  readonly shown: "yes" | "no" | "unknown";
  /** The deciding one first. */
  readonly reasons: readonly WhyReason[];
}
