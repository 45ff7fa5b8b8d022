import type { Bus, MessageMeta, Outcome } from "@rollcall/bus";

type Handle = (keys: readonly string[], payload: unknown, meta: MessageMeta) => Outcome | Promise<Outcome>;

interface Delivered {
  readonly keys: readonly string[];
  readonly payload: unknown;
  readonly meta: MessageMeta;
}

/** A bus whose messages have ids, and come again when a test wants it. */
export class RepeatingBus implements Bus {
  readonly publish: Bus["publish"];
  readonly multicast: Bus["multicast"];
  readonly request: Bus["request"];
  readonly answer: Bus["answer"];
  readonly drain: Bus["drain"];
  readonly #inner: Bus;
  readonly #handles = new Map<string, Handle>();
  readonly #last = new Map<string, Delivered>();
  #count = 0;

  constructor(inner: Bus) {
    this.#inner = inner;
    this.publish = (channel, key, payload, options) => inner.publish(channel, key, payload, options);
    this.multicast = (channel, keys, payload, options) => inner.multicast(channel, keys, payload, options);
    this.request = (channel, key, question, timeoutMs) => inner.request(channel, key, question, timeoutMs);
    this.answer = (channel, options, handle) => inner.answer(channel, options, handle);
    this.drain = () => inner.drain();
  }

  readonly consume: Bus["consume"] = (channel, options, handle) => {
    const handleAll: Handle = (keys, payload, meta) => handle(keys[0] ?? "", payload as never, meta);
    this.#handles.set(channel.name, handleAll);
    return this.#inner.consume(channel, options, (key, payload) =>
      this.#deliver(channel.name, [key], payload),
    );
  };

  readonly consumeMulticast: Bus["consumeMulticast"] = (channel, options, handle) => {
    this.#handles.set(channel.name, handle as Handle);
    return this.#inner.consumeMulticast(channel, options, (keys, payload) =>
      this.#deliver(channel.name, keys, payload),
    );
  };

  /** What came last on the channel comes again, as after the death of an owner. */
  async repeat(channel: { readonly name: string }): Promise<Outcome> {
    const { keys, payload, meta } = this.#last.get(channel.name)!;
    return this.#handles.get(channel.name)!(keys, payload, meta);
  }

  #deliver(channel: string, keys: readonly string[], payload: unknown): Outcome | Promise<Outcome> {
    this.#count += 1;
    const meta: MessageMeta = { id: `sender/${this.#count}`, from: "sender", asOf: 0 };
    this.#last.set(channel, { keys, payload, meta });
    return this.#handles.get(channel)!(keys, payload, meta);
  }
}
