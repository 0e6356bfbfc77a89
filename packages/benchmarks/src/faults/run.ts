import { aborts } from './aborts.js'
import { blockedSink, failingSink, noFiles } from './audit-sinks.js'
import { type FaultBench, faultBench } from './bench.js'
import { blockedLoop } from './blocked-loop.js'
import { drainUnderLoad } from './drain.js'
import { blockedLoopWithStore, drainWithHangingStore } from './hanging-store.js'
import { LoadGenerator } from './load.js'
import { overload } from './overload.js'
import type { FaultRow, FaultSettings } from './row.js'
import { SERVICES, startIssuer } from './service.js'
import { slowClients } from './slow-clients.js'
import { throwingSink } from './throwing-sink.js'

const FULL: FaultSettings = { seconds: 2, aborts: 5000, slowClients: 400 }
const QUICK: FaultSettings = { seconds: 1.5, aborts: 500, slowClients: 100 }

type Fault = (bench: FaultBench) => Promise<FaultRow>

const onBoth = (fault: (bench: FaultBench, name: (typeof SERVICES)[number]) => Promise<FaultRow>): readonly Fault[] =>
  SERVICES.map((name) => (bench) => fault(bench, name))

const FAULTS: readonly (readonly [id: string, fault: Fault])[] = (
  [
    ['R15', onBoth(drainUnderLoad)],
    ['R16', [drainWithHangingStore]],
    ['R17', onBoth(slowClients)],
    ['R20', onBoth(blockedLoop)],
    ['R20', [blockedLoopWithStore]],
    ['R21', onBoth(blockedSink)],
    ['R22', onBoth((bench, name) => failingSink(bench, name, 'ENOSPC'))],
    ['R22', onBoth((bench, name) => failingSink(bench, name, 'EPIPE'))],
    ['R22', onBoth(noFiles)],
    ['R23', [throwingSink]],
    ['R25', onBoth(aborts)],
    ['R28', onBoth(overload)],
  ] as const
).flatMap(([id, faults]) => faults.map((fault) => [id, fault] as const))

/** Does each fault to the example services, one after the other: each is a process of its own, new for each fault. */
export async function* runFaults(quick: boolean, only?: string): AsyncGenerator<FaultRow> {
  const issuer = await startIssuer()
  const load = new LoadGenerator()
  try {
    const bench = faultBench(quick ? QUICK : FULL, load, issuer.url)
    for (const [id, fault] of FAULTS) if (only === undefined || id.startsWith(only)) yield await fault(bench)
  } finally {
    load.stop()
    issuer.close()
  }
}
