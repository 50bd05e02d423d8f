/** Operators with graphs inside, which see the outer values by their names without being listed as users of them. */
export const nodesWithGraphs: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);
