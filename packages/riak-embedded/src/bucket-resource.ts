import {
  crashPage,
  emptyAnswer,
  errorPage,
  jsonAnswer,
  methodNotAllowed,
  notFoundPage,
  textAnswer,
  VARY_ENCODING,
} from "./answers.ts";
import type { Backend, ParsedRequest } from "./backend.ts";
import type { BucketProperties, PropertyChange } from "./bucket-properties.ts";
import { decodeByteString } from "./byte-string.ts";
import { chooseMediaType, mediaTypeOf } from "./media-types.ts";
import type { Answer } from "./riak-message.ts";
import { type BucketName, MAX_BUCKET_BYTES } from "./store-keys.ts";

const JSON_TYPE = "application/json";

/** GET, PUT and DELETE of a bucket's properties. */
export async function answerBucketProperties(
  { properties }: Backend,
  name: BucketName,
  request: ParsedRequest,
): Promise<Answer> {
  if (name.bucket.length > MAX_BUCKET_BYTES) return textAnswer(400, "Bucket name too long\n");
  const current = properties.ofBucket(name);
  if (current === undefined) return notFoundPage({ vary: VARY_ENCODING });
  if (request.method === "DELETE") {
    await properties.resetBucket(name);
    return emptyAnswer(204, { vary: VARY_ENCODING, "content-type": JSON_TYPE });
  }
  return answerProperties(request, { name: decodeByteString(name.bucket), ...current }, (wanted) =>
    properties.changeBucket(name, wanted),
  );
}

/** GET and PUT of a bucket type's properties. */
export async function answerTypeProperties(
  { properties }: Backend,
  type: string,
  request: ParsedRequest,
): Promise<Answer> {
  const current = properties.ofType(type);
  if (current === undefined) return notFoundPage({ vary: VARY_ENCODING });
  if (request.method === "DELETE") return methodNotAllowed("HEAD, GET, PUT");
  return answerProperties(request, current, (wanted) => properties.changeType(type, wanted));
}

async function answerProperties(
  { method, headers, body }: ParsedRequest,
  current: BucketProperties,
  change: (wanted: BucketProperties) => Promise<PropertyChange>,
): Promise<Answer> {
  if (method === "POST") return methodNotAllowed("HEAD, GET, PUT, DELETE");
  if (method === "PUT") {
    if (mediaTypeOf(headers["content-type"] ?? "") !== JSON_TYPE) {
      return errorPage(415, { vary: VARY_ENCODING });
    }
    const wanted = parseWanted(body);
    if (wanted === undefined) {
      return textAnswer(
        400,
        'bucket PUT must be a JSON object of the form:\n{"props":{...bucket properties...}}',
      );
    }
    const outcome = await change(wanted);
    if (outcome.kind === "unknown") return crashPage("badarg");
    if (outcome.kind === "refused") return jsonAnswer(outcome.reasons, 400);
    return emptyAnswer(204, { vary: VARY_ENCODING, "content-type": JSON_TYPE });
  }
  if (chooseMediaType(headers.accept, [JSON_TYPE]) === undefined) return errorPage(406);
  return jsonAnswer({ props: current });
}

function parseWanted(body: Uint8Array): BucketProperties | undefined {
  try {
    const document = JSON.parse(Buffer.from(body).toString()) as { props?: unknown } | null;
    const wanted = document?.props;
    return typeof wanted === "object" && wanted !== null && !Array.isArray(wanted)
      ? (wanted as BucketProperties)
      : undefined;
  } catch {
    return undefined;
  }
}
