import type { FullJid } from "@rollcall/xmpp";
import { type BareJid, makeFull } from "@rollcall/xmpp";
import { LocalSession } from "../sessions/local-session.ts";

/** A bound session whose stream only remembers. */
export function fakeSession(options: { lang?: string; handle?: number; account?: string } = {}) {
  const written: string[] = [];
  const closed: { readonly condition: string; readonly text: string | undefined }[] = [];
  const account = (options.account ?? "juliet@example.org") as BareJid;
  const session = new LocalSession(
    { node: "node-1", session: options.handle ?? 1 },
    account,
    "example.org",
    options.lang,
    {
      write: (xml) => void written.push(xml),
      closeWith: (condition, text) => void closed.push({ condition, text }),
    },
  );
  session.jid = makeFull(account, "balcony") satisfies FullJid;
  return { session, written, closed };
}
