import type { Logger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { isFenced } from "../fan-out/cause.ts";

export interface DebtsOptions {
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
  /** Debts paid in a second; what an account needs at once comes on top. */
  readonly perSecond: number;
}

/** Something that has to be said in the name of an account. */
export interface Debt {
  readonly account: BareJid;
  readonly pay: () => Promise<void>;
  readonly group: DebtGroup;
}

const TICK_MS = 50;

/** Debts that stand together in what their node noted, which can go when all are paid. */
export class DebtGroup {
  readonly #onPaid: () => void;
  #open = 0;
  #isPaid = true;

  /** @param onPaid called once when everything is paid; not if something could not be. */
  constructor(onPaid: () => void) {
    this.#onPaid = onPaid;
  }

  opened(): void {
    this.#open += 1;
  }

  closed(isPaid: boolean): void {
    this.#open -= 1;
    if (!isPaid) this.#isPaid = false;
    if (this.#open === 0 && this.#isPaid) this.#onPaid();
  }
}

/**
 * What accounts owe others for sessions that died with their nodes. There may be a hundred thousand at once, so they are
 * paid at a rate that contacts and their owners can bear; but an account that does something new pays first, or its
 * contacts would learn the end of the old session after the beginning of the new one.
 */
export class Debts {
  readonly #options: DebtsOptions;
  readonly #waiting = new Map<BareJid, Debt[]>();
  readonly #paying = new Map<BareJid, Promise<void>>();
  #working = false;

  constructor(options: DebtsOptions) {
    this.#options = options;
  }

  /** Accounts with debts that nobody has begun to pay. */
  get accounts(): number {
    return this.#waiting.size;
  }

  add(debt: Debt): void {
    debt.group.opened();
    const waiting = this.#waiting.get(debt.account);
    if (waiting === undefined) this.#waiting.set(debt.account, [debt]);
    else waiting.push(debt);
    if (!this.#working) void this.#work();
  }

  /** Pays what the account owes. @returns `undefined` when it owes nothing. */
  settle(account: BareJid): Promise<void> | undefined {
    if (this.#waiting.size === 0 && this.#paying.size === 0) return undefined;
    this.#begin(account);
    return this.#paying.get(account);
  }

  /** Leaves the debts of these accounts to whoever owns them now. */
  forget(isForgotten: (account: BareJid) => boolean): void {
    for (const account of this.#waiting.keys()) if (isForgotten(account)) this.#waiting.delete(account);
  }

  /** @returns how many debts are being paid because of this. */
  #begin(account: BareJid): number {
    const debts = this.#waiting.get(account);
    if (debts === undefined) return 0;
    this.#waiting.delete(account);
    const before = this.#paying.get(account);
    const paying = Promise.all([before, ...debts.map((debt) => this.#pay(debt))]).then(() => {
      if (this.#paying.get(account) === paying) this.#paying.delete(account);
    });
    this.#paying.set(account, paying);
    return debts.length;
  }

  async #pay({ account, pay, group }: Debt): Promise<void> {
    let isPaid = false;
    try {
      await pay();
      isPaid = true;
    } catch (error) {
      if (!isFenced(error)) {
        this.#options.logger.error({ event: "presence.contacts-not-told", account, error });
      }
    }
    group.closed(isPaid);
  }

  async #work(): Promise<void> {
    const { sleep, perSecond } = this.#options;
    const perTick = Math.max(1, Math.round((perSecond * TICK_MS) / 1_000));
    this.#working = true;
    // Whoever adds debts adds all of them first.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      let begun = 0;
      for (const account of this.#waiting.keys()) {
        if (begun >= perTick || this.#paying.size >= perSecond) break;
        begun += this.#begin(account);
      }
      await sleep(TICK_MS);
    }
    this.#working = false;
  }
}
