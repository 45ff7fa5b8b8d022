import {
  type BucketProperties,
  checkProperties,
  DEFAULT_PROPERTIES,
  type PropertyChange,
  TYPED_PROPERTIES,
} from "./bucket-properties.ts";
import type { ObjectStore } from "./object-store.ts";
import { type BucketName, bucketPrefix, typePrefix } from "./store-keys.ts";

/** Buckets whose properties are kept in memory; a client can name any number of buckets. */
const CACHE_LIMIT = 1000;
const DEFAULT_TYPE = "default";

/** Properties of buckets and bucket types. Only what differs from the defaults is stored. */
export class PropertyStore {
  readonly #store: ObjectStore;
  readonly #types: ReadonlySet<string>;
  #cache = new Map<string, BucketProperties>();

  /** @param types the bucket types that exist beside `default`. */
  constructor(store: ObjectStore, types: readonly string[]) {
    this.#store = store;
    this.#types = new Set([DEFAULT_TYPE, ...types]);
  }

  /** `undefined` if there is no such type. */
  ofType(type: string): BucketProperties | undefined {
    if (!this.#types.has(type)) return undefined;
    const defaults = type === DEFAULT_TYPE ? DEFAULT_PROPERTIES : TYPED_PROPERTIES;
    return { ...defaults, ...this.#stored(typePrefix(type)) };
  }

  /** Without the name; `undefined` if there is no such type. */
  ofBucket(name: BucketName): BucketProperties | undefined {
    const cacheKey = `${name.type}\0${name.bucket}`;
    const cached = this.#cache.get(cacheKey);
    if (cached !== undefined) return cached;
    const inherited = this.ofType(name.type);
    if (inherited === undefined) return undefined;
    const properties = { ...inherited, ...this.#stored(bucketPrefix(name)) };
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    this.#cache.set(cacheKey, properties);
    return properties;
  }

  /** @throws {EmbeddedRiakError} */
  changeType(type: string, wanted: BucketProperties): Promise<PropertyChange> {
    return this.#change(typePrefix(type), wanted, this.ofType(type) ?? {});
  }

  /** @throws {EmbeddedRiakError} */
  changeBucket(name: BucketName, wanted: BucketProperties): Promise<PropertyChange> {
    return this.#change(bucketPrefix(name), wanted, this.ofBucket(name) ?? {});
  }

  /** Back to the type's properties. @throws {EmbeddedRiakError} */
  async resetBucket(name: BucketName): Promise<void> {
    const key = bucketPrefix(name);
    await this.#store.writer.run(() => this.#store.properties.remove(key), 0);
    this.#cache = new Map();
  }

  async #change(key: Buffer, wanted: BucketProperties, current: BucketProperties): Promise<PropertyChange> {
    const change = checkProperties(wanted, current);
    if (change.kind !== "accepted") return change;
    await this.#store.writer.run(() => {
      const stored = { ...this.#stored(key), ...change.properties };
      this.#store.properties.put(key, Buffer.from(JSON.stringify(stored)));
    }, 0);
    this.#cache = new Map();
    return change;
  }

  #stored(key: Buffer): BucketProperties {
    const stored = this.#store.properties.get(key);
    if (stored === undefined) return {};
    return JSON.parse(Buffer.from(stored).toString()) as BucketProperties;
  }
}
