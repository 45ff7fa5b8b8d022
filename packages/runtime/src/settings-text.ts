/**
 * Settings as text: how a value is read from the environment and the file, and how it is shown.
 */
import type { ListenAddress, Setting } from "./settings.ts";

/** What came of reading one value. `expected` completes the sentence "… must be". */
export type ParsedSetting =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "wrong"; readonly expected: string };

/** Reads a value as the environment has it. */
export function parseSettingText(setting: Setting<unknown>, text: string): ParsedSetting {
  switch (setting.type) {
    case "string":
      return value(text);
    case "integer":
      return /^[+-]?\d+$/.test(text) ? checkRange(setting, Number(text)) : wrong(numberWords(setting));
    case "number":
      return /^[+-]?\d+(\.\d+)?$/.test(text)
        ? checkRange(setting, Number(text))
        : wrong(numberWords(setting));
    case "boolean":
      return text === "true" || text === "false" ? value(text === "true") : wrong("true or false");
    case "list":
      return value(
        text
          .split(",")
          .map((entry) => entry.trim())
          .filter((entry) => entry !== ""),
      );
    case "listen":
      return parseListen(text);
    case "choice":
      return checkChoice(setting, text);
  }
}

/** Reads a value as YAML gave it. A list may also be written as text with commas. */
export function parseSettingValue(setting: Setting<unknown>, raw: unknown): ParsedSetting {
  switch (setting.type) {
    case "string":
      return typeof raw === "string" ? value(raw) : wrong("text; put it in quotes");
    case "integer":
      return typeof raw === "number" && Number.isInteger(raw)
        ? checkRange(setting, raw)
        : wrong(numberWords(setting));
    case "number":
      return typeof raw === "number" ? checkRange(setting, raw) : wrong(numberWords(setting));
    case "boolean":
      return typeof raw === "boolean" ? value(raw) : wrong("true or false");
    case "list":
      if (typeof raw === "string") return parseSettingText(setting, raw);
      return Array.isArray(raw) && raw.every((entry) => typeof entry === "string" && entry !== "")
        ? value(raw)
        : wrong("a list of texts");
    case "listen":
      return parseListen(typeof raw === "string" ? raw : "");
    case "choice":
      return checkChoice(setting, raw);
  }
}

/** A value as it would be written in the environment; `undefined`, where nothing is set, is "". */
export function formatSettingValue(setting: Setting<unknown>, value: unknown): string {
  if (setting.type === "listen") return formatListen(value as ListenAddress | undefined);
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** The type of a setting in words, with its range or its choices. */
export function describeSettingType(setting: Setting<unknown>): string {
  switch (setting.type) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return numberWords(setting).replace(/^an? /, "");
    case "boolean":
      return "true or false";
    case "list":
      return "list";
    case "listen":
      return "host:port or off";
    case "choice":
      return (setting.choices ?? []).join("|");
  }
}

export function formatListen(address: ListenAddress | undefined): string {
  if (address === undefined) return "off";
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const listenWords = "host:port, [IPv6 address]:port or off";
const listenSyntax = /^(?:\[([0-9A-Fa-f:.]+(?:%[0-9A-Za-z]+)?)\]|([^\s:[\]]+)):(\d{1,5})$/;

function parseListen(text: string): ParsedSetting {
  if (text === "off") return value(undefined);
  const match = listenSyntax.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return wrong(listenWords);
  return value({ host, port } satisfies ListenAddress);
}

function checkRange(setting: Setting<unknown>, number: number): ParsedSetting {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = setting;
  return number >= min && number <= max ? value(number) : wrong(numberWords(setting));
}

function numberWords({ type, min, max }: Setting<unknown>): string {
  const word = type === "integer" ? "an integer" : "a number";
  if (min !== undefined && max !== undefined) return `${word} from ${min} to ${max}`;
  if (min !== undefined) return `${word} from ${min}`;
  return max === undefined ? word : `${word} up to ${max}`;
}

function checkChoice(setting: Setting<unknown>, raw: unknown): ParsedSetting {
  const choices = setting.choices ?? [];
  return typeof raw === "string" && choices.includes(raw) ? value(raw) : wrong(choices.join(" or "));
}

function value(parsed: unknown): ParsedSetting {
  return { kind: "value", value: parsed };
}

function wrong(expected: string): ParsedSetting {
  return { kind: "wrong", expected };
}
