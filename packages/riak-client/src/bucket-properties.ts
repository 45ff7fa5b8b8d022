import { isDeepStrictEqual } from "node:util";
import { bucketPath } from "./object-path.ts";
import { throwFault } from "./response-fault.ts";
import { RiakError } from "./riak-error.ts";
import type { RiakRequest, RiakTransport } from "./riak-transport.ts";

/** Bucket properties in Riak's names, e.g. `{ allow_mult: true, dvv_enabled: true }`. */
export type BucketProperties = Readonly<Record<string, unknown>>;

/** @throws {RiakError} `bad-request` for a property or value that Riak does not know, and the usual faults. */
export async function putBucketProperties(
  transport: RiakTransport,
  bucket: string,
  properties: BucketProperties,
  timeoutMs: number,
): Promise<void> {
  const headers = { accept: "*/*", "content-type": "application/json" };
  const response = await transport.send({
    ...propertiesRequest("PUT", bucket, timeoutMs),
    headers,
    body: JSON.stringify({ props: properties }),
  });
  throwFault(response, true);
}

/** Those of the wanted properties that the bucket does not have, a sentence each. @throws {RiakError} */
export async function differingProperties(
  transport: RiakTransport,
  bucket: string,
  wanted: BucketProperties,
  timeoutMs: number,
): Promise<string[]> {
  const response = await transport.send(propertiesRequest("GET", bucket, timeoutMs));
  throwFault(response, false);
  let actual: BucketProperties | undefined;
  try {
    actual = (JSON.parse(Buffer.from(response.body).toString("utf8")) as { props?: BucketProperties }).props;
  } catch (cause) {
    throw new RiakError("bad-response", "bucket properties are not JSON", { cause, bucket });
  }
  if (actual === undefined || actual === null || response.status !== 200) {
    throw new RiakError("bad-response", "no bucket properties in the answer", {
      status: response.status,
      bucket,
    });
  }
  const problems: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    if (isDeepStrictEqual(actual[name], value)) continue;
    problems.push(
      `bucket ${bucket}: ${name} is ${JSON.stringify(actual[name])}, wanted ${JSON.stringify(value)}`,
    );
  }
  return problems;
}

function propertiesRequest(method: "GET" | "PUT", bucket: string, timeoutMs: number): RiakRequest {
  const headers = { accept: "application/json" };
  return { method, path: `${bucketPath(bucket)}/props`, headers, body: undefined, timeoutMs };
}
