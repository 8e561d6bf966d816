/**
 * A task without state: OpA, and the wrapper in OpB's place. It tells the supervisor how it gets on.
 */
import { resumeStateless } from '../core/tasks/stateless.ts'
import { taskLoop } from '../core/tasks/task.ts'
import { send, type ReadyTask, type Run } from './run.ts'

export async function statelessTask(run: Run, task: number): Promise<ReadyTask> {
  const resumed = await resumeStateless(run, task)
  send({ type: 'recovered', task })
  const loop = taskLoop(run, task, resumed, {
    ...(run.spec.fixedBatches ? { inputEnd: () => run.inputEnds.get(task) } : {}),
    onProgress: (progress) => send({ type: 'progress', task, ...progress }),
    onLagZero: (position) => send({ type: 'lag-zero', task, position }),
  })
  run.loops.push(loop)
  return { start: () => loop.run() }
}
