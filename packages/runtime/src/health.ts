import type { Service } from "./service.ts";

/**
 * `starting → running → draining → stopped`; a start that fails goes from `starting` to `draining`. Beside that a
 * process may be leaving: it works as before and says that it is not ready (`Health.leave`).
 */
export type Phase = "starting" | "running" | "draining" | "stopped";

/** Why something is not as it should be, for `/readyz` and `rollcall`. */
export interface HealthReason {
  /** Name of the service, or `process`. */
  readonly service: string;
  readonly reason: string;
}

/**
 * What the probes of a process ask. `runServices` keeps it up to date; the HTTP server reads it. Every answer
 * is a list of reasons, and an empty list means yes.
 */
export class Health {
  #phase: Phase = "starting";
  #leaving = false;
  #starting: string | undefined;
  #services: readonly Service[] = [];
  #fault: string | undefined;
  #drainingSince: number | undefined;

  get phase(): Phase {
    return this.#phase;
  }

  /** For how long the process has been ending; 0 before. */
  get drainingMs(): number {
    return this.#drainingSince === undefined ? 0 : performance.now() - this.#drainingSince;
  }

  /** Called by `runServices`, as are the others that change something. */
  watch(services: readonly Service[]): void {
    this.#services = services;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    if (phase === "draining") this.#drainingSince = performance.now();
  }

  /** Not ready from now on, whatever the phase: the process will be told to stop, and still serves until then. */
  leave(): void {
    this.#leaving = true;
  }

  serviceStarting(name: string | undefined): void {
    this.#starting = name;
  }

  /** The process will not recover and is about to end. */
  failed(reason: string): void {
    this.#fault ??= reason;
  }

  /** Liveness: only a fault that a restart heals counts; whoever answers at all is otherwise alive. */
  notLive(): readonly HealthReason[] {
    return this.#fault === undefined ? [] : [{ service: "process", reason: this.#fault }];
  }

  /** Startup: every service has started once. */
  notStarted(): readonly HealthReason[] {
    if (this.#phase !== "starting") return this.notLive();
    return [{ service: this.#starting ?? "process", reason: "is starting" }];
  }

  /** Readiness: started, neither leaving nor on the way out, and every service takes work. */
  notReady(): readonly HealthReason[] {
    if (this.#phase === "starting") return this.notStarted();
    if (this.#phase !== "running") return [{ service: "process", reason: `is ${this.#phase}` }];
    return [
      ...this.notLive(),
      ...(this.#leaving ? [{ service: "process", reason: "is leaving" }] : []),
      ...this.#services.flatMap((service) =>
        service.notReady().map((reason) => ({ service: service.name, reason })),
      ),
    ];
  }
}
