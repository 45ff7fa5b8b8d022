/**
 * What a test client reads from the server: an independent strict parser (saxes), so that everything the server
 * writes is checked for well-formedness and namespaces by somebody else's code.
 */
import { SaxesParser } from "saxes";

export class XmlNode {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (XmlNode | string)[] = [];

  constructor(name: string, namespace: string, attributes: Readonly<Record<string, string>>) {
    this.name = name;
    this.namespace = namespace;
    this.attributes = attributes;
  }

  get type(): string | undefined {
    return this.attributes.type;
  }

  get from(): string | undefined {
    return this.attributes.from;
  }

  get to(): string | undefined {
    return this.attributes.to;
  }

  get id(): string | undefined {
    return this.attributes.id;
  }

  elements(): XmlNode[] {
    return this.children.filter((child): child is XmlNode => typeof child !== "string");
  }

  child(name: string, namespace?: string): XmlNode | undefined {
    return this.elements().find(
      (child) => child.name === name && (namespace === undefined || child.namespace === namespace),
    );
  }

  text(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.text())).join("");
  }

  childText(name: string): string | undefined {
    return this.child(name)?.text();
  }

  /** The stanza error condition and type, or `undefined`. */
  error(): { condition: string; type: string } | undefined {
    const error = this.child("error");
    if (error === undefined) return undefined;
    const condition = error.elements().find((child) => child.name !== "text");
    return { condition: condition?.name ?? "?", type: error.type ?? "?" };
  }

  /** For messages of failed assertions and for the demo. */
  toString(): string {
    const attributes = Object.entries(this.attributes)
      .map(([name, value]) => ` ${name}='${value}'`)
      .join("");
    if (this.children.length === 0) return `<${this.name}${attributes}/>`;
    return `<${this.name}${attributes}>${this.children.join("")}</${this.name}>`;
  }
}

export interface XmlStreamEvents {
  streamStart(header: XmlNode): void;
  element(element: XmlNode): void;
  streamEnd(): void;
  broken(error: Error): void;
}

export class XmlStreamReader {
  readonly #events: XmlStreamEvents;
  #decoder = new TextDecoder("utf-8", { fatal: true });
  #parser: SaxesParser<{ xmlns: true }>;
  #open: XmlNode[] = [];
  #broken = false;

  constructor(events: XmlStreamEvents) {
    this.#events = events;
    this.#parser = this.#makeParser();
  }

  write(chunk: Uint8Array): void {
    if (this.#broken) return;
    try {
      this.#parser.write(this.#decoder.decode(chunk, { stream: true }));
    } catch (error) {
      this.#broken = true;
      this.#events.broken(error as Error);
    }
  }

  /** A new stream follows on the same connection. */
  restart(): void {
    this.#open = [];
    this.#decoder = new TextDecoder("utf-8", { fatal: true });
    this.#parser = this.#makeParser();
  }

  #makeParser(): SaxesParser<{ xmlns: true }> {
    const parser = new SaxesParser({ xmlns: true, fragment: false });
    const mine = (): boolean => parser === this.#parser;
    parser.on("opentag", (tag) => {
      if (!mine()) return;
      const attributes: Record<string, string> = {};
      for (const [name, attribute] of Object.entries(tag.attributes)) {
        if (name !== "xmlns" && !name.startsWith("xmlns:")) attributes[name] = attribute.value;
      }
      const node = new XmlNode(tag.local, tag.uri, attributes);
      if (this.#open.length === 0) {
        this.#open.push(node);
        this.#events.streamStart(node);
        return;
      }
      if (this.#open.length > 1) this.#open.at(-1)?.children.push(node);
      this.#open.push(node);
    });
    parser.on("closetag", () => {
      if (!mine()) return;
      const node = this.#open.pop();
      if (this.#open.length === 0) this.#events.streamEnd();
      else if (this.#open.length === 1 && node !== undefined) this.#events.element(node);
    });
    const text = (value: string): void => {
      if (!mine()) return;
      if (this.#open.length > 1) this.#open.at(-1)?.children.push(value);
      else if (value.trim() !== "") throw new Error(`text between stanzas: ${value}`);
    };
    parser.on("text", text);
    parser.on("cdata", text);
    for (const forbidden of ["comment", "processinginstruction", "doctype"] as const) {
      parser.on(forbidden, () => {
        throw new Error(`the server sent a ${forbidden}`);
      });
    }
    return parser;
  }
}
