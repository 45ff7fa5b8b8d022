import type { ChannelBinding } from "./channel-binding.ts";
import type { UnknownUsers } from "./unknown-user.ts";

/** What an exchange is given from outside. */
export interface SaslOptions {
  /** The domain that the stream is for, canonical: the account is `username@domain`. */
  readonly domain: string;
  /**
   * The server's part of the SCRAM nonce: fresh for every exchange, at least 16 random bytes as printable ASCII
   * without comma, for instance in base64.
   */
  readonly serverNonce: string;
  readonly unknownUsers: UnknownUsers;
  /** The channel bindings offered on this stream. Leave out where no -PLUS mechanism is offered. */
  readonly channelBindings?: readonly ChannelBinding[] | undefined;
}
