/** .NET's TimeSpan, as schedules and host.json write it. */

const shape = /^\s*(-?)(?:(\d+)|(?:(\d+)([.:]))?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7}))?)?)\s*$/;

/**
 * As `TimeSpan.TryParse` does it: `[-][d.]hh:mm[:ss[.f]]`, `d`, `d:hh:mm:ss`; where hours do not fit, the first number
 * is days.
 *
 * @returns milliseconds; undefined when it is none
 */
export function parseTimeSpan(text: string): number | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  const [, sign, alone, dayText, mark, a, b, c, fraction = '0'] = found;
  let numbers = [dayText, a, b, c].filter((part) => part !== undefined).map(Number);
  if (alone !== undefined) numbers = [Number(alone)];
  else if (mark !== '.' && numbers.length === 2) numbers.unshift(0);
  else if (mark !== '.' && numbers.length === 3 && (numbers[0] ?? 0) <= 23) numbers.unshift(0);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = numbers;
  if (days > 10_675_199 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const totalMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds + Number(`0.${fraction}`)) * 1000;
  return sign === '-' ? -totalMs : totalMs;
}
