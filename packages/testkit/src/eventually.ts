/** Waits until a condition holds, looking again and again: the test's word for "sooner or later". */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if (await holds()) return;
    if (performance.now() > deadline) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
