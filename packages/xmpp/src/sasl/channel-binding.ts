/** Types that a TLS stream can give (RFC 5929, RFC 9266). */
export type ChannelBindingType = "tls-exporter" | "tls-unique" | "tls-server-end-point";

/**
 * What both ends of a TLS connection know of it and nobody in between can copy (RFC 5056). Data of
 * `tls-exporter` and `tls-unique` serves one authentication and nothing else (RFC 9266, section 4).
 */
export interface ChannelBinding {
  readonly type: ChannelBindingType;
  readonly data: Uint8Array;
}
