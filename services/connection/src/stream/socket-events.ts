import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";

/** Who hears of a socket. The listeners are shared by all sockets, so that a connection costs no closure. */
export interface SocketOwner {
  receive(chunk: Buffer): void;
  /** The other side has ended its side. */
  inputEnded(): void;
  /** What was written is out of this process. */
  drained(): void;
  /** The TLS handshake is done. */
  secured(): void;
  /** Nothing more comes. */
  gone(): void;
}

const ownerOf = Symbol("owner");
type OwnedSocket = Socket & { [ownerOf]?: SocketOwner };

export function listenTo(socket: Socket, owner: SocketOwner): void {
  (socket as OwnedSocket)[ownerOf] = owner;
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.on("drain", onDrain);
  socket.on("error", onError);
  socket.on("close", onClose);
}

/**
 * Starts the TLS handshake as the server. The owner hears of the new socket, and of the raw one no more.
 *
 * @param socket one that nobody listens to, or that `owner` listens to.
 */
export function secure(socket: Socket, owner: SocketOwner, secureContext: SecureContext): TLSSocket {
  socket.off("data", onData);
  socket.off("end", onEnd);
  socket.off("drain", onDrain);
  socket.off("error", onError);
  socket.off("close", onClose);
  socket.on("error", onError);
  const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["xmpp-client"] });
  // A client that tries to renegotiate is disconnected (RFC 6120, 5.3.5).
  secured.disableRenegotiation();
  listenTo(secured, owner);
  secured.on("secure", onSecure);
  // What goes wrong after the handshake (a forged record, a renegotiation) is told by this event alone where no
  // tls.Server made the socket, and Node leaves such a socket open.
  secured.on("_tlsError", onTlsError);
  return secured;
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[ownerOf]!.receive(chunk);
}

function onEnd(this: OwnedSocket): void {
  this[ownerOf]!.inputEnded();
}

function onDrain(this: OwnedSocket): void {
  this[ownerOf]!.drained();
}

function onSecure(this: OwnedSocket): void {
  this[ownerOf]!.secured();
}

function onTlsError(this: OwnedSocket): void {
  this.destroy();
}

/** What went wrong with a connection is the client's affair; `close` follows. */
function onError(this: OwnedSocket): void {}

function onClose(this: OwnedSocket): void {
  this[ownerOf]!.gone();
}
