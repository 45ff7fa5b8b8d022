import type { Socket } from "node:net";
import { type Clock, SettingFault } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { Stanza } from "@rollcall/xmpp";
import { type RecordCounters, RecordFile } from "./record-file.ts";
import { compileFormat, type Macro, type RecordFormat } from "./record-format.ts";
import { receivedEnd, receivedTraffic, sentTraffic, type Traffic } from "./traffic.ts";
import type { XmppLogSettings } from "./xmpp-log-settings.ts";

export interface XmppLogOptions {
  readonly settings: XmppLogSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What may pass at the end until everything is written. */
const CLOSING_MS = 2_000;

const nothing: Traffic = {
  kind: "",
  to: undefined,
  from: undefined,
  id: undefined,
  type: undefined,
  xml: () => "",
  remote: () => "",
};

/**
 * The records of stanzas from and to clients (docs/xmpp-log.md), in the order in which they were taken and written.
 * What happens before the login has none, so no record can have a password of a login in it.
 */
export class XmppLog {
  readonly #clock: Clock;
  readonly #file: RecordFile;
  readonly #path: string | undefined;
  readonly #reception: RecordFormat | undefined;
  readonly #delivery: RecordFormat | undefined;
  readonly #heartbeat: RecordFormat | undefined;
  readonly #heartbeatMs: number;
  #nextHeartbeat = 0;
  #second = 0;
  #seconds = "0";

  /** @throws {SettingFault} for formats that cannot be. */
  constructor({ settings, clock, logger }: XmppLogOptions) {
    this.#clock = clock;
    this.#path = settings["xmpp_log.file"];
    const raw = settings["xmpp_log.raw"];
    const reception = formatOf(settings, "xmpp_log.reception_format", raw);
    const delivery = formatOf(settings, "xmpp_log.delivery_format", raw);
    const heartbeat = formatOf(settings, "xmpp_log.heartbeat_format", raw, new Set(["t"]));
    if (settings["xmpp_log.reception"]) this.#reception = reception;
    if (settings["xmpp_log.delivery"]) this.#delivery = delivery;
    this.#heartbeatMs = settings["xmpp_log.heartbeat_seconds"] * 1_000;
    if (this.#heartbeatMs > 0) this.#heartbeat = heartbeat;
    this.#file = new RecordFile({
      path: this.#path,
      mode: modeOf(settings["xmpp_log.mode"]),
      bufferBytes: settings["xmpp_log.buffer_bytes"],
      logger,
      now: () => clock.now(),
    });
  }

  get counters(): RecordCounters {
    return this.#file.counters;
  }

  /** Opens the file. From now on SIGHUP opens it anew. @throws {SettingFault} when that is not possible. */
  async start(): Promise<void> {
    await this.#file.open();
    if (this.#path !== undefined) process.on("SIGHUP", this.#reopen);
    this.#nextHeartbeat = this.#clock.now() + this.#heartbeatMs;
  }

  /** A client has sent a stanza. */
  received(sender: string, stanza: Stanza, socket: Socket): void {
    if (this.#reception === undefined) return;
    this.#add(
      this.#reception,
      receivedTraffic(stanza, sender, () => remoteOf(socket)),
    );
  }

  /** A client has ended its stream. */
  receivedEnd(sender: string, socket: Socket): void {
    if (this.#reception === undefined) return;
    this.#add(
      this.#reception,
      receivedEnd(sender, () => remoteOf(socket)),
    );
  }

  /** Stanzas, an error, the end of the stream were written for a client. */
  sent(receiver: string, xml: string, socket: Socket): void {
    const format = this.#delivery;
    if (format === undefined) return;
    const remote = () => remoteOf(socket);
    sentTraffic(xml, receiver, remote, (traffic) => this.#add(format, traffic));
  }

  /** Called about once a second: heartbeat, and what waits goes to the file. */
  sweep(now: number): void {
    if (this.#heartbeat !== undefined && now >= this.#nextHeartbeat) {
      this.#nextHeartbeat = now + this.#heartbeatMs;
      this.#add(this.#heartbeat, nothing);
    }
    this.#file.sweep();
  }

  /** Writes what waits. Takes no more than 2 s. */
  async stop(): Promise<void> {
    process.off("SIGHUP", this.#reopen);
    await this.#file.close(CLOSING_MS);
  }

  readonly #reopen = (): void => this.#file.reopen();

  #add(format: RecordFormat, traffic: Traffic): void {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#seconds = String(second);
    }
    this.#file.add(format(traffic, this.#seconds));
  }
}

/** The log that the settings ask for. @throws {SettingFault} for formats that cannot be. */
export function createXmppLog(options: XmppLogOptions): XmppLog | undefined {
  return options.settings["xmpp_log.enabled"] ? new XmppLog(options) : undefined;
}

type FormatSetting = `xmpp_log.${"reception" | "delivery" | "heartbeat"}_format`;

function formatOf(
  settings: XmppLogSettings,
  name: FormatSetting,
  raw: boolean,
  allowed?: ReadonlySet<Macro>,
): RecordFormat {
  const compiled = compileFormat(settings[name]);
  if (compiled.kind === "problem") throw new SettingFault(`${name} ${compiled.problem}`);
  for (const macro of compiled.macros) {
    if (allowed !== undefined && !allowed.has(macro))
      throw new SettingFault(`${name} has %${macro}, but there is no stanza; it can have %t`);
    if (macro === "sr" && !raw)
      throw new SettingFault(
        `${name} has %sr, which logs what people say; use %so, or set xmpp_log.raw to allow it`,
      );
  }
  return compiled.format;
}

function modeOf(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text))
    throw new SettingFault(`xmpp_log.mode: ${text} is not three octal digits, such as 0640`);
  return Number.parseInt(text, 8);
}

const mappedIpv4 = "::ffff:";

function remoteOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "";
  if (remoteAddress.startsWith(mappedIpv4)) return `${remoteAddress.slice(mappedIpv4.length)}:${remotePort}`;
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
