/** A small table for the terminal: columns as wide as their widest cell, numbers to the right. */

/** Every line is indented by two blanks; a column is numeric when all its cells but the head's begin with a digit. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((title, at) => {
    const cells = rows.map((row) => row[at] ?? '');
    const width = Math.max(title.length, ...cells.map((cell) => cell.length));
    const isNumeric = cells.length > 0 && cells.every((cell) => /^-?\d/.test(cell));
    return { width, isNumeric };
  });
  const line = (cells: readonly string[]) =>
    `  ${columns
      .map(({ width, isNumeric }, at) => (isNumeric ? cells[at]?.padStart(width) : cells[at]?.padEnd(width)))
      .join('  ')
      .trimEnd()}`;
  const rule = columns.map(({ width }) => '-'.repeat(width));
  return [head, rule, ...rows].map(line).join('\n');
}
