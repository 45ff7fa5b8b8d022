/** What a chaos run needs of a server, be it one process or many. */
import type { Pick } from "./random.ts";

export interface NodeAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface ChaosUser {
  readonly username: string;
  /** Usernames with whom the user is subscribed both ways. */
  readonly friends: readonly string[];
}

/** One thing that can go wrong, and its end. */
export interface FaultVerb {
  readonly verb: string;
  readonly weight: number;
  /**
   * Does it.
   *
   * @returns what it was done to, and what puts it right again after `lastsMs`.
   */
  begin(pick: Pick): Promise<{ target?: string; lastsMs: number; end(): Promise<void> }>;
}

export interface ClusterUnderChaos {
  readonly name: string;
  readonly domain: string;
  readonly password: string;
  /** Where clients may connect now. */
  nodes(): readonly NodeAddress[];
  readonly faults: readonly FaultVerb[];
  /** What the processes say about themselves, for the report. */
  output(): string;
  stop(): Promise<void>;
}
