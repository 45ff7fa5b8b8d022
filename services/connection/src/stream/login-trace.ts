import { type Span, type SpanAttributes, type Tracer, withSpan } from "@rollcall/telemetry";
import { type BareJid, bareOf, type SaslCondition } from "@rollcall/xmpp";
import { type LoginCounters, outcomeOf } from "./login-counters.ts";

type PhaseName = "negotiate tls" | "authenticate" | "bind resource";

const measured = { "negotiate tls": "tls", authenticate: "sasl", "bind resource": "bind" } as const;

interface Phase {
  readonly name: PhaseName;
  readonly startedAt: number;
  endedAt: number;
  readonly attributes: SpanAttributes | undefined;
  error: string | undefined;
  span: Span | undefined;
}

/**
 * The trace of one login, and what is counted of it, from the accepted connection to the bound resource. Whose it is
 * shows late: where only that says that it is traced, what came before is made good from the times that were noted.
 *
 * Connections that never try to log in leave nothing.
 */
export class LoginTrace {
  readonly #tracer: Tracer;
  readonly #counters: LoginCounters;
  readonly #attributes: SpanAttributes;
  readonly #startedAt = performance.now();
  readonly #phases: Phase[] = [];
  /** Of the SASL exchange under way. */
  #mechanism: string | undefined;
  #root: Span | undefined;
  #isOver = false;

  constructor(tracer: Tracer, counters: LoginCounters, nodeId: string) {
    this.#tracer = tracer;
    this.#counters = counters;
    this.#attributes = { "xmpp.node": nodeId };
    if (tracer.samples("")) this.#begin();
  }

  tlsBegan(): void {
    this.#enter("negotiate tls", undefined);
  }

  tlsEnded(): void {
    this.#leave(undefined);
  }

  /** @param mechanism one of those that are offered. */
  authenticationBegan(mechanism: string): void {
    this.#mechanism = mechanism;
    this.#enter("authenticate", { "xmpp.sasl.mechanism": mechanism });
  }

  /** @param condition of RFC 6120, 6.5, where it failed. A client may try again. */
  authenticationEnded(condition: SaslCondition | undefined): void {
    if (this.#mechanism !== undefined) this.#counters.attempted(this.#mechanism, outcomeOf(condition));
    this.#mechanism = undefined;
    this.#leave(condition);
    if (condition === undefined) return;
    if (this.#root === undefined) this.#keep(condition);
    else this.#root.fail(condition);
  }

  /** The client broke it off, or began another. */
  authenticationAborted(): void {
    if (this.#mechanism !== undefined) this.authenticationEnded("aborted");
  }

  bindingBegan(account: BareJid): void {
    if (this.#root === undefined && this.#tracer.isForced(account)) {
      this.#begin();
      for (const phase of this.#phases) this.#makeGood(phase);
    }
    this.#root?.set({ "xmpp.account": account });
    this.#enter("bind resource", undefined);
  }

  /** @param condition of the stanza error, where it was refused. @param jid full, where it was not. */
  bindingEnded(condition: string | undefined, jid: string | undefined): void {
    this.#leave(condition);
    const root = this.#root;
    if (condition !== undefined) {
      if (root === undefined) this.#keep(condition);
      else root.fail(condition);
      return;
    }
    if (root === undefined) {
      if (this.#busyMs() >= this.#tracer.slowMs) this.#keep(undefined, jid);
    } else root.set({ "xmpp.session": jid });
    this.#counters.took("total", performance.now() - this.#startedAt, root?.traceId);
    this.#finish("ok");
  }

  /** The stream is gone before a resource was bound. */
  abandoned(): void {
    if (this.#mechanism !== undefined) this.#counters.attempted(this.#mechanism, "left");
    this.#mechanism = undefined;
    this.#finish(this.#phases.at(-1)?.name ?? "nothing tried");
  }

  /** Runs `task` as part of the phase that is under way. */
  run<T>(task: () => T): T {
    return withSpan(this.#phases.at(-1)?.span, task);
  }

  #begin(): void {
    this.#root = this.#tracer.begin("log in", {
      kind: "server",
      startedAt: this.#startedAt,
      attributes: this.#attributes,
    });
  }

  #enter(name: PhaseName, attributes: SpanAttributes | undefined): void {
    const startedAt = performance.now();
    const span = this.#root?.child(name, { startedAt, attributes });
    this.#phases.push({ name, startedAt, endedAt: Number.NaN, attributes, error: undefined, span });
  }

  #leave(error: string | undefined): void {
    const phase = this.#phases.at(-1);
    if (phase === undefined || !Number.isNaN(phase.endedAt)) return;
    phase.endedAt = performance.now();
    phase.error = error;
    if (error !== undefined) phase.span?.fail(error);
    else this.#counters.took(measured[phase.name], phase.endedAt - phase.startedAt, this.#root?.traceId);
    phase.span?.end(phase.endedAt);
  }

  #makeGood({ name, startedAt, endedAt, attributes, error }: Phase): void {
    const span = this.#root?.child(name, { startedAt, attributes });
    if (error !== undefined) span?.fail(error);
    span?.end(endedAt);
  }

  #keep(error: string | undefined, jid?: string): void {
    const mechanism = this.#phases.findLast(({ name }) => name === "authenticate")?.attributes;
    this.#tracer.keep("log in", {
      kind: "server",
      startedAt: this.#startedAt,
      attributes: {
        ...this.#attributes,
        ...mechanism,
        "xmpp.session": jid,
        "xmpp.account": jid === undefined ? undefined : bareOf(jid),
        "xmpp.login.outcome": error === undefined ? "ok" : this.#phases.at(-1)?.name,
      },
      error,
    });
  }

  /** Time in its phases: a client may wait between them as long as it likes. */
  #busyMs(): number {
    return this.#phases.reduce((sum, { startedAt, endedAt }) => sum + (endedAt - startedAt || 0), 0);
  }

  #finish(outcome: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave("abandoned");
    const root = this.#root;
    if (root === undefined) return;
    root.set({ "xmpp.login.outcome": outcome });
    root.end();
  }
}
