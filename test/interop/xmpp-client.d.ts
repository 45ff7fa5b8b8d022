/** The part of `@xmpp/client` that the test uses; it ships no types. */
declare module "@xmpp/client" {
  export interface Element {
    readonly attrs: Readonly<Record<string, string | undefined>>;
    is(name: string): boolean;
    getChildren(name: string): Element[];
    getChildText(name: string): string | null;
  }
  export interface Client {
    readonly jid: { toString(): string } | null;
    readonly reconnect: { stop(): void };
    readonly iqCaller: { get(payload: Element): Promise<Element | undefined> };
    on(event: "stanza", listener: (stanza: Element) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    start(): Promise<unknown>;
    stop(): Promise<unknown>;
    send(stanza: Element): Promise<void>;
  }
  export function client(options: Readonly<Record<string, string>>): Client;
  export function xml(
    name: string,
    attributes?: Readonly<Record<string, string>>,
    ...children: (Element | string)[]
  ): Element;
}
