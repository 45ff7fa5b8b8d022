import type { z } from "zod";

/** The first thing that is wrong, with its place; values, which may be passwords, are left out. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "not in the form that is asked for";
  const path = issue.path.map(String).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
