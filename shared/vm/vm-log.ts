/** A VM's only voice beside the protocol: one JSON line on stderr for what an operator must know. */

const lengthMax = 500;

export type VmLog = (event: string, fields?: Readonly<Record<string, string | number>>) => void;

/** Values are cut to 500 characters; nobody passes a URL or a token in. */
export function makeVmLog(vmId: string, write: (line: string) => void): VmLog {
  return (event, fields = {}) => {
    const cut = Object.entries(fields).map(
      ([name, value]) => [name, typeof value === 'string' ? value.slice(0, lengthMax) : value] as const,
    );
    write(`${JSON.stringify({ event, vmId, ...Object.fromEntries(cut) })}\n`);
  };
}
