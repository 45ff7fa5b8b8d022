import { toASCII, toUnicode } from "tr46";
import { detachString } from "./detach.ts";
import { limited } from "./jid-part-limit.ts";
import { isIdentifier } from "./precis/string-classes.ts";

/** Lower- and upper-case letters, digits and single hyphens or dots between them; so no A-label and no empty label. */
const plainDomain = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/i;
const maxLabelLength = 63;
/** Longer input is refused unseen: twice what the DNS allows leaves room for decomposed characters. */
const maxNameInput = 2 * 253;
const endsInDigit = /[0-9]$/;
const numericLastLabel = /(?:^|\.)[0-9]+$/;
const octet = "(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
const ipv4Address = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const ipv6Literal = /^\[[0-9a-f:.]+\]$/i;
/** What separates labels (UTS 46), at the end of a name. */
const finalDot = /[.\u3002\uFF0E\uFF61]$/;
const ascii = /^[\0-\x7F]*$/;
/** The IgnorableBlocks of RFC 5892, section 2.4. */
const ignorableBlocks = /[\u20D0-\u20FF\u{1D100}-\u{1D1FF}\u{1D200}-\u{1D24F}]/u;

const strict = { checkHyphens: true, checkBidi: true, checkJoiners: true, useSTD3ASCIIRules: true } as const;

/** tr46 follows UTS 46, which lets symbols pass that IDNA2008 does not allow in a U-label. */
function isLdhOrULabel(label: string): boolean {
  return ascii.test(label) || (isIdentifier(label) && !ignorableBlocks.test(label));
}

/** The one spelling of an IPv6 literal, that of URLs: RFC 5952 without dotted decimals. */
function prepareIpv6Literal(text: string): string | undefined {
  const url = `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/**
 * Canonical forms of internationalised names seen lately: a name costs 15 µs, and a server sees few of them.
 * Holds at most `maxKnownNames` and starts again when full. The keys are detached.
 */
const knownNames = new Map<string, string>();
const maxKnownNames = 512;

function prepareInternationalName(name: string): string | undefined {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const aLabels = toASCII(name, { ...strict, verifyDNSLength: true });
  if (aLabels === null || numericLastLabel.test(aLabels)) return undefined;
  const { domain, error } = toUnicode(aLabels, strict);
  if (error || !domain.split(".").every(isLdhOrULabel)) return undefined;
  if (knownNames.size >= maxKnownNames) knownNames.clear();
  knownNames.set(detachString(name), domain);
  return domain;
}

/**
 * Enforces a domainpart (RFC 7622, 3.2): an internationalised domain name or host name, an IPv4 address, or an
 * IPv6 address in brackets. One final dot is stripped, A-labels become U-labels, case and width are mapped.
 * A name whose last label is a number is an IPv4 address in its one canonical spelling, or nothing.
 * The DNS limits hold: 63 octets a label, 253 a name.
 *
 * @returns the canonical form, with U-labels, or `undefined` where the text is not a domainpart.
 */
export function prepareDomain(text: string): string | undefined {
  if (text.length <= maxLabelLength && plainDomain.test(text) && !endsInDigit.test(text)) {
    return text.toLowerCase();
  }
  if (text.length > maxNameInput) return undefined;
  const name = text.replace(finalDot, "");
  if (ipv4Address.test(name)) return name;
  if (ipv6Literal.test(name)) return prepareIpv6Literal(name);
  return limited(prepareInternationalName(name));
}
