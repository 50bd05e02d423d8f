import { benchStart } from './bench/start-latency.ts';
const m = await benchStart({jobs: 60});
for (const x of m) console.log(x.id.padEnd(50), x.value.toFixed(3), x.target?.text ?? '', x.target?.met ?? '');
