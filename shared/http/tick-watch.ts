/** When the timer last ran in this very process, for `/health`. Elsewhere (in Azure the timer has its own instance) it is unknown. */
let lastMs: number | undefined;

export function noteTick(atMs: number): void {
  lastMs = atMs;
}

export function lastTickMs(): number | undefined {
  return lastMs;
}
