import { logLevel } from "./log-level.ts";
import { statusQuestion } from "./status.ts";
import { trace } from "./trace.ts";

/** Every question to processes, by its kind. A new one is a file of its own and a line here. */
export const controlQuestions = {
  status: statusQuestion,
  trace,
  "log-level": logLevel,
} as const;

export type ControlKind = keyof typeof controlQuestions;

type Asked<K extends ControlKind> = (typeof controlQuestions)[K] extends {
  readonly question: { readonly _output: infer Q };
}
  ? Q
  : never;

/** The question of a kind. */
export type ControlQuestionOf<K extends ControlKind> = Asked<K> & { readonly kind: K };

/** The answer to a question of a kind. */
export type ControlAnswerOf<K extends ControlKind> = (typeof controlQuestions)[K] extends {
  readonly answer: { readonly _output: infer A };
}
  ? A
  : never;

export function isControlKind(kind: string): kind is ControlKind {
  return Object.hasOwn(controlQuestions, kind);
}
