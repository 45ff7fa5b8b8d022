import type { FastifyInstance } from "fastify";

/** Leaves bodies of the scope's routes unread and unbounded, whatever their type says: the route streams them. */
export function acceptAnyStream(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
}
