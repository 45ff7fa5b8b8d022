import { NS } from "../namespaces.ts";

/**
 * Stream features (RFC 6120, 4.3.2), one function per stage of the set-up. Features of different stages are never
 * offered together, except that SASL stands beside STARTTLS where TLS is voluntary.
 */

function features(content: string): string {
  return `<stream:features>${content}</stream:features>`;
}

function mechanismList(mechanisms: readonly string[]): string {
  const names = mechanisms.map((name) => `<mechanism>${name}</mechanism>`).join("");
  const binding = mechanisms.some((name) => name.endsWith("-PLUS"))
    ? `<sasl-channel-binding xmlns="${NS.saslChannelBinding}"><channel-binding type="tls-exporter"/></sasl-channel-binding>`
    : "";
  return `<mechanisms xmlns="${NS.sasl}">${names}</mechanisms>${binding}`;
}

/** Before TLS. Where TLS is required nothing else is offered (RFC 6120, 5.3.1). */
export function plainStreamFeatures(tlsRequired: boolean, mechanisms: readonly string[]): string {
  if (tlsRequired) return features(`<starttls xmlns="${NS.tls}"><required/></starttls>`);
  return features(`<starttls xmlns="${NS.tls}"/>${mechanismList(mechanisms)}`);
}

/** After TLS, before SASL: the mechanisms in order of preference, strongest first (RFC 6120, 6.3.3, 6.4.1). */
export function securedStreamFeatures(mechanisms: readonly string[]): string {
  return features(mechanismList(mechanisms));
}

/**
 * After SASL: resource binding is mandatory (RFC 6120, 7.3.1). The session feature does nothing and is marked
 * optional; old clients do not go on without it. Roster versioning and pre-approval are RFC 6121, 2.6.1 and 3.4.
 */
export const authenticatedStreamFeatures = features(
  `<bind xmlns="${NS.bind}"/>` +
    `<session xmlns="${NS.session}"><optional/></session>` +
    `<ver xmlns="${NS.rosterVersioning}"/>` +
    `<sub xmlns="${NS.preApproval}"/>`,
);
