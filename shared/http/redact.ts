/** The last line of defence: whatever looks like a secret is taken out of texts that leave the process or reach a log. */
import { shown } from '../core/refusal.ts';

const patterns: readonly (readonly [RegExp, string])[] = [
  [/((?:^|[?&\s"'(])sig=)[^&\s"')]+/gi, '$1***'],
  [/(AccountKey\s*=\s*)[^;\s"']+/gi, '$1***'],
  [/(SharedAccessSignature\s*=\s*)[^;\s"']+/gi, '$1***'],
  [/(Bearer\s+)[A-Za-z0-9+/=._~-]{8,}/gi, '$1***'],
  // Keys of 64 bytes, ours and Azure Storage's.
  [/[A-Za-z0-9+/]{86}==/g, '***'],
];

export function redact(text: string): string {
  return patterns.reduce((clean, [pattern, instead]) => clean.replaceAll(pattern, instead), text);
}

/** A caller's value in a message: one line, cut, and without anything that could be a key put into the wrong place. */
export function shownSafely(value: unknown, lengthMax: number): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return shown(redact(text).replaceAll(/[A-Za-z0-9+/=%]{40,}/g, '***'), lengthMax);
}
