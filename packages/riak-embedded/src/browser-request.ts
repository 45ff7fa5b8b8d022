import type { IncomingMessage } from "node:http";

const loopbackAddress = /^(?:::ffff:)?127\.|^::1$/;
const loopbackHost = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/i;

/**
 * Whether a browser sent the request on behalf of some web page. The API asks for no password, and a page that an
 * operator looks at reaches the loopback interface of that machine. Programs send neither header; a page that has given
 * its own host name the loopback address shows by `Host`.
 */
export function isOfWebPage({ headers, socket }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (headers.origin !== undefined || (site !== undefined && site !== "none")) return true;
  if (headers.host === undefined || !loopbackAddress.test(socket.localAddress ?? "")) return false;
  return !loopbackHost.test(headers.host);
}
