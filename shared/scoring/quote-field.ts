/** Puts a value that we add into CSV's quotes where it needs them. */
import { tab } from './csv-bytes.ts';

/** The field's text: as it is, or quoted with quotes doubled when it holds a quote, a line end or the delimiter. */
export function quoteField(text: string, delimiter: number): string {
  const special = delimiter === tab ? /["\r\n\t]/ : /["\r\n,]/;
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
